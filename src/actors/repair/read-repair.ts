/**
 * Brings rows to replicas that a read found behind: what they should have is read from the others, and
 * the newest of it is given to them. Never in the way of reads: what finds no room is dropped, as
 * anti-entropy finds it, too.
 */
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { VersionedRows } from "../replica/replication-messages.js";
import type { RepairLimits } from "./limits.js";
import { ReplicaQuestions } from "./replica-questions.js";
import type { Throttle } from "./throttle.js";
import { bytesOfRows, idName, idsOf, selectRows } from "./versioned-rows.js";

export interface StaleIds {
  readonly collection: string;
  readonly shard: number;
  /** Whose replica is behind. */
  readonly node: string;
  /** 16 bytes each. */
  readonly ids: Uint8Array;
}

export interface ReadRepairParts {
  readonly limits: RepairLimits;
  readonly throttle: Throttle;
  /** Undefined when it is no more. */
  readonly shardOf: (collection: string, shard: number) => ShardAccess | undefined;
}

/** Ids that wait, over all shards. */
const idsMax = 10_000;
const idsPerStep = 256;

export class ReadRepair {
  readonly #parts: ReadRepairParts;
  /** By shard and node, the ids that wait. */
  readonly #waiting = new Map<string, { readonly stale: StaleIds; readonly ids: Set<string> }>();
  #count = 0;
  #working: Promise<void> | undefined;
  #isStopped = false;
  /** Rows given, and ids for which there was no room. */
  readonly counts = { repaired: 0, dropped: 0 };

  constructor(parts: ReadRepairParts) {
    this.#parts = parts;
  }

  /** Never throws, and takes no time. */
  repair(stale: StaleIds): void {
    if (this.#isStopped) return;
    const key = `${stale.collection} ${stale.shard} ${stale.node}`;
    const entry = this.#waiting.get(key) ?? { stale, ids: new Set<string>() };
    this.#waiting.set(key, entry);
    for (let index = 0; index < stale.ids.length / 16; index++) {
      const id = idName(stale.ids, index);
      if (entry.ids.has(id)) continue;
      if (this.#count === idsMax) this.counts.dropped++;
      else {
        this.#count++;
        entry.ids.add(id);
      }
    }
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    // What a read finds in this turn goes together.
    await Promise.resolve();
    for (;;) {
      const [next] = this.#waiting;
      if (!next || this.#isStopped) return;
      const [key, { stale, ids }] = next;
      const step = [...ids].slice(0, idsPerStep);
      for (const id of step) ids.delete(id);
      this.#count -= step.length;
      if (ids.size === 0) this.#waiting.delete(key);
      // A replica that does not answer is repaired when it is back, by anti-entropy.
      await this.#repairStep(stale, idsOf(step)).catch(() => undefined);
    }
  }

  async #repairStep({ collection, shard, node }: StaleIds, ids: Uint8Array): Promise<void> {
    const { limits, throttle, shardOf } = this.#parts;
    const found = shardOf(collection, shard);
    const target = found?.replicas.find(({ place }) => place.node === node);
    if (!found || !target?.isAlive()) return;
    const others = found.replicas.filter((one) => one !== target && isCounted(one));
    const questions = (one: ReplicaAccess): ReplicaQuestions =>
      new ReplicaQuestions(one, limits.askMs);
    for (const other of others) {
      const read = await questions(other)
        .rows(ids)
        .catch((): VersionedRows | undefined => undefined);
      const rows = read && selectRows(read, (index) => read.versions[index] !== "");
      if (!rows) continue;
      await throttle.take(bytesOfRows(rows));
      await questions(target).apply(rows);
      this.counts.repaired += rows.versions.length;
    }
  }
}

function isCounted(replica: ReplicaAccess): boolean {
  return replica.place.state === "active" && replica.isAlive();
}
