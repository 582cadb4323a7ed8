/** A node as the others of its cluster ask it, by an actor of its main host. */
import type { ShardRepairStatus } from "../actors/index.js";
import { unreachable } from "../base/index.js";
import { defineActor } from "../runtime/index.js";
import type { AnyDefinition } from "../runtime/index.js";

export type NodeMessage =
  /**
   * Whether it has open what the asker's map has of a collection: that of `uid`, or none, when that is
   * absent. Answered by a boolean.
   */
  | { readonly type: "is_settled"; readonly collection: string; readonly uid?: string }
  /** What repair knows of its replica of a shard: `ShardRepairStatus`, or undefined. */
  | { readonly type: "repair_status"; readonly collection: string; readonly shard: number };

export interface NodeAnswers {
  isSettled(collection: string, uid: string | undefined): boolean;
  repairStatus(collection: string, shard: number): ShardRepairStatus | undefined;
}

export const nodeActorName = "node";

export function nodeActor(node: NodeAnswers): AnyDefinition {
  return defineActor<unknown, NodeMessage>({
    start: () => ({
      receive: (message): boolean | ShardRepairStatus | undefined => {
        switch (message.type) {
          case "is_settled":
            return node.isSettled(message.collection, message.uid);
          case "repair_status":
            return node.repairStatus(message.collection, message.shard);
          default:
            return unreachable(message);
        }
      },
    }),
  });
}
