/** The parent of the node processes, for nodes that ask something of it. */
import { defineActor } from "../runtime/index.js";
import type { AnyDefinition } from "../runtime/index.js";
import type { AddedNode, ParentMessage } from "./parent-messages.js";

/** Its name on `parent/main`. */
export const parentActorName = "parent";

export function parentActor(parent: { addNode(): Promise<AddedNode> }): AnyDefinition {
  return defineActor<unknown, ParentMessage>({
    start: () => ({
      receive: async (): Promise<AddedNode> => {
        const { node } = await parent.addNode();
        return { node };
      },
    }),
  });
}
