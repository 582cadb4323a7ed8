/** What splits shards that have grown too large, put together from the node's parts. */
import { NodeSplits, splitLimits } from "../actors/index.js";
import type { HalvesStatus, SplitLimits } from "../actors/index.js";
import { invalid } from "../base/index.js";
import type { Disk } from "../base/index.js";
import { answerOf } from "../runtime/index.js";
import type { ActorSystem } from "../runtime/index.js";
import type { Catalog } from "./catalog.js";
import type { CollectionRegistry } from "./collection-registry.js";
import { HalfClaims } from "./half-claims.js";
import { nodeActorName } from "./node-actor.js";
import type { NodeMessage } from "./node-actor.js";
import type { NodeOptions } from "./node-options.js";
import type { Standing } from "./standing.js";

export interface SplitsPlan {
  readonly system: ActorSystem;
  readonly standing: Standing;
  readonly registry: CollectionRegistry;
  readonly catalog: Catalog;
  readonly disk: Disk;
  readonly limits: SplitLimits;
}

/** What a node splits by. Errors: `INVALID_ARGUMENT`. */
export function splitsOf(
  { split_rows: rows = splitLimits.rows }: NodeOptions,
  tuning: Partial<SplitLimits> | undefined,
): SplitLimits {
  if (!Number.isInteger(rows) || rows < 1) throw invalid("at least one row", "split_rows");
  return { ...splitLimits, ...tuning, rows };
}

export function makeSplits(plan: SplitsPlan): NodeSplits {
  const { system, standing, registry, limits } = plan;
  const { clock, random } = system;
  const { view } = standing;
  const claims = new HalfClaims({ ...plan, random });
  const ask = async <Answer>(node: string, message: NodeMessage, timeout_ms: number) => {
    const ref = system.ref<NodeMessage>({ host: view.hubOf(node), name: nodeActorName });
    return answerOf(await ref.ask<Answer>(message, { timeout_ms }), node);
  };
  return new NodeSplits({
    ...{ view, clock, random, limits },
    emit: ({ type, ...details }) => system.emit(type, details),
    open: (collection) => registry.find(collection),
    places: () => standing.places(),
    openHalf: async (half) => {
      const { shards } = registry.tree(half.collection);
      await claims.claim(half, () => shards.close(half.half));
      await shards.openHidden(half.half);
    },
    identityOf: (collection, half) => claims.identityOf(collection, half),
    peer: (node) => ({
      status: async (split) => {
        const message = { type: "split_status", ...split } as const;
        return (
          (await ask<HalvesStatus | null | undefined>(node, message, limits.askMs)) ?? undefined
        );
      },
      finish: (split) => {
        const message = { type: "split_finish", ...split } as const;
        return ask<readonly [string, string]>(node, message, limits.cutMs);
      },
    }),
  });
}
