/** What the clients of a history share: the cluster, what they recorded, and how rows look to the checker. */
import { VirtualClock, packBytes, packedItem, seededRandom } from "../../src/base/index.js";
import type { Clock, PackedBytes } from "../../src/base/index.js";
import { hashEnd, hashOfId } from "../../src/cluster/index.js";
import { HybridClock } from "../../src/consistency/index.js";
import { decodeMetadata, encodeMetadata } from "../../src/protocol/index.js";
import type { WriteParts } from "../../src/actors/writes/write-parts.js";
import type { HistoryClient } from "./history-client.js";
import type { HistoryEntry } from "./linearizable.js";
import type { HostedReplica, ReplicaCluster } from "./replica-cluster.js";

export interface HistoryOptions {
  readonly seed: number;
  readonly make: (node: string, shard: number, clock: Clock) => Promise<HostedReplica>;
  readonly shards?: number;
  readonly clients?: number;
  readonly operations?: number;
  readonly ids?: number;
}

export interface HistoryCounts {
  operations: number;
  successes: number;
  partial: number;
  failed: number;
  unknown: number;
  conflicts: number;
}

export const dimension = 2;
export const absent = "absent";

export interface Recorded extends HistoryEntry {
  readonly ids: readonly number[];
}

/** One id's state after an operation as its caller was told. */
export type Effect = (state: string) => string | undefined;

export class HistoryWorld {
  readonly clock = new VirtualClock();
  readonly ids: number;
  readonly counts: HistoryCounts = {
    ...{ operations: 0, successes: 0, partial: 0, failed: 0, unknown: 0, conflicts: 0 },
  };
  readonly acknowledged: { ids: readonly number[]; version: string; line: string }[] = [];
  cluster!: ReplicaCluster;
  clients: readonly HistoryClient[] = [];
  #history = new Set<Recorded>();
  /** What the coordinators wrote under each version, as their messages said. */
  readonly #states = new Map<string, string>();
  #ticks = 0;

  /** How long clients rest between operations at most: some histories are crowded, some are not. */
  readonly pauseMsMax: number;

  constructor({ ids = 3, seed }: HistoryOptions) {
    this.ids = ids;
    this.pauseMsMax = [5, 20, 80][seed % 3] as number;
  }

  /** Times that are all different, so that what ended before something began is known to have. */
  tick(): number {
    return this.clock.monotonic() + ++this.#ticks / 1e6;
  }

  partsFor(node: string, dead: { readonly yes: boolean }): WriteParts {
    const { cluster } = this;
    const clock = cluster.clockOf(node);
    return {
      clock,
      random: seededRandom(cluster.random.uint32()),
      versions: new HybridClock(clock, `${node}-${cluster.random.uint32().toString(36)}`),
      access: cluster.accessFrom(node, () => dead.yes),
      hints: cluster.hintsOf(),
    };
  }

  begin(
    ids: readonly number[],
    name: string,
    beginMs: number,
    effectOf: (id: number) => Effect,
  ): Recorded[] {
    return ids.map((id) => {
      const one = {
        ids: [id],
        name: `${name} (unknown)`,
        beginMs,
        endMs: Infinity,
        apply: effectOf(id),
      };
      this.#history.add(one);
      return one;
    });
  }

  forget(one: Recorded): void {
    this.#history.delete(one);
  }

  record(one: Omit<Recorded, "endMs">): void {
    this.#history.add({ ...one, endMs: this.tick() });
  }

  note(id: number, version: string, state: string): void {
    this.#states.set(`${id} ${version}`, state);
  }

  stateOf(id: number, version: string): string {
    return this.#states.get(`${id} ${version}`) ?? `unheard of ${version}`;
  }

  historyOf(id: number): Recorded[] {
    return [...this.#history].filter(({ ids }) => ids.includes(id));
  }

  /**
   * What was unknown, and left a trace that somebody read, has happened, to each of its ids: half a batch
   * has no order then.
   */
  believeTraces(): void {
    const read = [...this.#history]
      .filter(({ name }) => name.startsWith("read "))
      .map((one) => one.name);
    const endMs = this.tick();
    for (const one of [...this.#history]) {
      const tag = /^\S+ (?:insert|merge|swap) (\S+) /.exec(one.name)?.[1];
      if (one.endMs !== Infinity || tag === undefined) continue;
      if (!read.some((name) => name.includes(`"${tag}"`))) continue;
      this.#history.delete(one);
      this.#history.add({ ...one, endMs });
    }
  }
}

export function insertOf(ids: readonly number[], metadata: Record<string, string>) {
  return {
    kind: "insert" as const,
    ids: packIds(ids),
    vectors: new Float32Array(ids.length * dimension).fill(1),
    metadata: packBytes(ids.map(() => encodeMetadata(metadata, "metadata"))),
  };
}

export function metadataAt(packed: PackedBytes, index: number): object {
  return decodeMetadata(packedItem(packed, index));
}

/** Ids by number: each lies in another third of all ids than its neighbours. */
const known = Array.from({ length: 9 }, (_, n) => {
  for (let salt = 0; ; salt++) {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(8, salt);
    new DataView(id.buffer).setUint32(12, n);
    if (Math.floor((hashOfId(id) / hashEnd) * 3) === n % 3) return id;
  }
});

export function packIds(ids: readonly number[]): Uint8Array {
  const packed = new Uint8Array(ids.length * 16);
  ids.forEach((id, index) => packed.set(known[id] as Uint8Array, index * 16));
  return packed;
}

export function numbersOf(ids: Uint8Array): number[] {
  const view = new DataView(ids.buffer, ids.byteOffset, ids.byteLength);
  return Array.from({ length: ids.length / 16 }, (_, index) => view.getUint32(index * 16 + 12));
}

export function stateOf(metadata: object): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}
