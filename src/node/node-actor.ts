/** A node as the others of its cluster ask it, by an actor of its main host. */
import type {
  HalvesStatus,
  NodeRepair,
  NodeSplits,
  ShardRepairStatus,
  SplitRef,
} from "../actors/index.js";
import { unreachable } from "../base/index.js";
import type { ClusterView } from "../cluster/index.js";
import type { DiskDescription } from "../protocol/index.js";
import { defineActor } from "../runtime/index.js";
import type { AnyDefinition } from "../runtime/index.js";

export type NodeMessage =
  /**
   * Whether it has open what the asker's map has of a collection: that of `uid`, or none, when that is
   * absent. Answered by a boolean.
   */
  | { readonly type: "is_settled"; readonly collection: string; readonly uid?: string }
  /** What it says of itself: a `NodeSelf`. */
  | { readonly type: "self" }
  /** How far the halves of a shard are filled here: `HalvesStatus`, or undefined. */
  | ({ readonly type: "split_status" } & SplitRef)
  /** Has the halves be what the shard is, which must not change any more: the names of their data. */
  | ({ readonly type: "split_finish" } & SplitRef);

/** What a node alone knows, for `/v1/cluster`. */
export interface NodeSelf {
  readonly disk?: DiskDescription | undefined;
  /** Of its replicas that have others to be like. */
  readonly repairs: readonly {
    readonly collection: string;
    readonly shard: number;
    readonly status: ShardRepairStatus;
  }[];
  /** Of its shards that are being split. */
  readonly splits: NodeSplits["progress"];
}

export interface NodeAnswers {
  isSettled(collection: string, uid: string | undefined): boolean;
  describeSelf(): NodeSelf;
  splitStatus(split: SplitRef): Promise<HalvesStatus | undefined>;
  splitFinish(split: SplitRef): Promise<readonly [string, string]>;
}

export function describeSelf(node: {
  readonly view: Pick<ClusterView, "collections">;
  readonly repair: Pick<NodeRepair, "statusOf"> | undefined;
  readonly splits: Pick<NodeSplits, "progress">;
  readonly disk: { readonly description: DiskDescription | undefined };
}): NodeSelf {
  const repairs = node.view.collections().flatMap((map) =>
    map.shards.flatMap((shard) => {
      const status = node.repair?.statusOf(map, shard);
      return status ? [{ collection: map.settings.collection, shard: shard.id, status }] : [];
    }),
  );
  return { disk: node.disk.description, repairs, splits: node.splits.progress };
}

export const nodeActorName = "node";

const questionsAtOnce = 64;

export function nodeActor(node: NodeAnswers): AnyDefinition {
  return defineActor<unknown, NodeMessage>({
    concurrency: questionsAtOnce,
    start: () => ({
      receive: (message): unknown => {
        switch (message.type) {
          case "is_settled":
            return node.isSettled(message.collection, message.uid);
          case "self":
            return node.describeSelf();
          case "split_status":
            return node.splitStatus(message);
          case "split_finish":
            return node.splitFinish(message);
          default:
            return unreachable(message);
        }
      },
    }),
  });
}
