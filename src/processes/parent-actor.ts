/** The parent of the node processes, for nodes that ask something of it. */
import { unreachable } from "../base/index.js";
import { defineActor } from "../runtime/index.js";
import type { AnyDefinition } from "../runtime/index.js";
import type { AddedNode, ParentMessage } from "./parent-messages.js";

/** Its name on `parent/main`. */
export const parentActorName = "parent";

export interface NodeStarter {
  addNode(): Promise<AddedNode>;
  removeNode(node: string): Promise<void>;
}

export function parentActor(parent: NodeStarter): AnyDefinition {
  return defineActor<unknown, ParentMessage>({
    start: () => ({
      receive: async (message): Promise<AddedNode | undefined> => {
        switch (message.type) {
          case "add_node": {
            const { node } = await parent.addNode();
            return { node };
          }
          case "remove_node":
            await parent.removeNode(message.node);
            return undefined;
          default:
            return unreachable(message);
        }
      },
    }),
  });
}
