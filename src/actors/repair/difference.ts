/**
 * What two replicas must tell each other, from the ids and versions of the buckets in which they differ.
 * The larger version wins, tombstones included.
 *
 * A tombstone that one has and the other does not need not be copied when the other had all that is so
 * old: then it held it, and has dropped it. Without this, replicas that drop tombstones one after the
 * other would give them back to each other.
 */
import { merkleBuckets, merkleLeafBytes } from "../../consistency/index.js";
import type { Version } from "../../consistency/index.js";
import { present } from "../../base/index.js";
import type { VersionedRows } from "../replica/replication-messages.js";
import { idName } from "./versioned-rows.js";

export type Side = 0 | 1;

export interface Holding {
  /** Of the buckets compared, without contents. */
  readonly entries: VersionedRows;
  /** Everything up to this version was there. */
  readonly converged: Version;
}

export interface Difference {
  /** `idName` of the id. */
  readonly id: string;
  readonly newest: Version;
  /** Who lacks it. */
  readonly to: Side;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Tombstones that one of them has dropped already. */
  readonly dropped: number;
  /** Ids with one version and two states: only a fault makes them. */
  readonly conflicts: number;
}

interface Entry {
  readonly version: Version;
  readonly live: boolean;
}

/** Buckets whose leaves differ, ascending; both are 4,096 leaves of 32 bytes. */
export function differingBuckets(a: Uint8Array, b: Uint8Array): number[] {
  const leaf = (leaves: Uint8Array, bucket: number): Uint8Array =>
    leaves.subarray(bucket * merkleLeafBytes, (bucket + 1) * merkleLeafBytes);
  const all = Array.from({ length: merkleBuckets }, (_, bucket) => bucket);
  return all.filter((bucket) => Buffer.compare(leaf(a, bucket), leaf(b, bucket)) !== 0);
}

export function compareHoldings(holdings: readonly [Holding, Holding]): Comparison {
  const [first, second] = [entriesOf(holdings[0]), entriesOf(holdings[1])];
  const differences: Difference[] = [];
  let dropped = 0;
  let conflicts = 0;
  for (const id of new Set([...first.keys(), ...second.keys()])) {
    const [a, b] = [first.get(id), second.get(id)];
    if (a && b && a.version === b.version) {
      if (a.live !== b.live) conflicts++;
      continue;
    }
    const to: Side = (a?.version ?? "") < (b?.version ?? "") ? 0 : 1;
    const [newest, other] = to === 0 ? [b, a] : [a, b];
    if (!newest) continue;
    if (!other && wasDropped(newest, holdings[to])) dropped++;
    else differences.push({ id, newest: newest.version, to });
  }
  return { differences, dropped, conflicts };
}

function wasDropped({ live, version }: Entry, { converged }: Holding): boolean {
  return !live && version <= converged;
}

function entriesOf({ entries }: Holding): Map<string, Entry> {
  return new Map(
    entries.versions.map((version, index) => {
      const live = present(entries.live[index], "a state for each id") === 1;
      return [idName(entries.ids, index), { version, live }];
    }),
  );
}
