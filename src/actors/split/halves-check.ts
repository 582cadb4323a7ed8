/**
 * Whether two halves are together what the whole replica is, by their Merkle leaves, which add up; and
 * removes from halves that were filled before what the whole one has not any more. What is to be copied
 * is found by other means (split-copy.ts): this is what they are checked by before they take its place.
 */
import { packBytes } from "../../base/index.js";
import { joinLeaves, merkleBuckets } from "../../consistency/index.js";
import { differingBuckets } from "../repair/difference.js";
import { idName, idsOf } from "../repair/versioned-rows.js";
import type { CopyMessage } from "../replica/copy-messages.js";
import type { ReplicationMessage, VersionedRows } from "../replica/replication-messages.js";

/** Rejects when there is no answer. */
export type AskReplica = <Answer>(
  message: CopyMessage | Extract<ReplicationMessage, { type: "merkle_leaves" | "bucket_entries" }>,
) => Promise<Answer>;

export interface CheckParts {
  readonly source: AskReplica;
  readonly halves: readonly [AskReplica, AskReplica];
  /** Called before each step: throws to end it. */
  readonly check: () => void;
}

/** Of these the entries are compared in one step. */
const bucketsPerStep = merkleBuckets / 64;

export class HalvesCheck {
  readonly #parts: CheckParts;

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** Whether nothing was ever given to them. */
  async areEmpty(): Promise<boolean> {
    const leaves = await Promise.all(this.#parts.halves.map(leavesOf));
    return leaves.every((one) => one.every((byte) => byte === 0));
  }

  /** Whether they are for their ids what the whole one is, which must not change meanwhile. */
  async areWhole(): Promise<boolean> {
    return (await this.#differing()).length === 0;
  }

  /** Leaves no id in a half that the whole one has not. Changes of the whole one must be noted before. */
  async forgetSurplus(): Promise<void> {
    const buckets = await this.#differing();
    for (let first = 0; first < buckets.length; first += bucketsPerStep) {
      await this.#forgetStep(Uint16Array.from(buckets.slice(first, first + bucketsPerStep)));
    }
  }

  async #differing(): Promise<number[]> {
    const { source, halves } = this.#parts;
    const [whole, first, second] = await Promise.all([source, ...halves].map(leavesOf));
    if (!whole || !first || !second) return [];
    return differingBuckets(whole, joinLeaves(first, second));
  }

  /** The whole one is asked last: what it has not then is not there, or comes as a change. */
  async #forgetStep(buckets: Uint16Array): Promise<void> {
    const { source, halves, check } = this.#parts;
    check();
    const question = { type: "bucket_entries", buckets } as const;
    const held = await Promise.all(halves.map((half) => half<VersionedRows>(question)));
    const known = new Set(namesOf(await source<VersionedRows>(question)));
    await Promise.all(
      halves.map(async (half, side) => {
        const rows = held[side];
        const surplus = rows ? namesOf(rows).filter((name) => !known.has(name)) : [];
        if (surplus.length > 0) await half({ type: "take_copy", rows: nothingOf(surplus) });
      }),
    );
  }
}

function leavesOf(replica: AskReplica): Promise<Uint8Array> {
  return replica<Uint8Array>({ type: "merkle_leaves" });
}

function namesOf({ ids, versions }: VersionedRows): string[] {
  return versions.map((_, index) => idName(ids, index));
}

/** Says of ids that there is nothing of them. */
function nothingOf(names: readonly string[]): Required<VersionedRows> {
  return {
    ids: idsOf(names),
    versions: names.map(() => ""),
    live: new Uint8Array(names.length),
    vectors: new Float32Array(0),
    metadata: packBytes([]),
  };
}
