/**
 * Fills this node's replica of a shard when it lost its data or is new there, and makes it count once
 * it has enough (recovery-quorum.ts). The rows come bucket by bucket: after a restart of either side
 * only what is still missing is copied. Which others have been read is remembered for one epoch.
 */
import type { Clock } from "../../base/index.js";
import { compareVersions } from "../../consistency/index.js";
import type { HybridClock, Version } from "../../consistency/index.js";
import type { ShardPlaces } from "../../cluster/index.js";
import type { ShardAccess } from "../replicas/access.js";
import type { SyncReport } from "./pair-sync.js";
import { isEnough, lostWith, readsNeeded, withActive } from "./recovery-quorum.js";
import type { ReplicaQuestions } from "./replica-questions.js";
import { copyRegisters, settle } from "./settle.js";

export type ChangeShard = (
  change: (now: ShardPlaces) => ShardPlaces | undefined,
) => Promise<unknown>;

export interface RecoveryParts {
  /** This node. */
  readonly self: string;
  readonly clock: Clock;
  readonly versions: HybridClock;
  readonly changeShard: ChangeShard;
  readonly questions: (access: ShardAccess["replicas"][number]) => ReplicaQuestions;
  /** Makes both hold the same. */
  readonly sync: (own: ReplicaQuestions, other: ReplicaQuestions) => Promise<SyncReport>;
  /** Another replica could not be read: the next attempt tries again. */
  readonly onFailure: (node: string, error: unknown) => void;
}

interface Read {
  readonly seen: Version;
  readonly converged: Version;
}

export interface RecoveryState {
  /** Active replicas that it was filled from. */
  readonly read: number;
  readonly needed: number;
  readonly isFilled: boolean;
  /** Nodes that lost their data as well: while there are any it cannot be filled. */
  readonly lostWith: readonly string[];
}

export class Recovery {
  readonly #parts: RecoveryParts;
  readonly #read = new Map<string, Read>();
  /** The epoch, and what was filled: other data has not been filled from anybody yet. */
  #reading = "";

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** One attempt to read from those still unread, and to count if that was enough. */
  async attempt({ shard, replicas }: ShardAccess): Promise<RecoveryState> {
    const { self, questions } = this.#parts;
    const own = replicas.find(({ local }) => local);
    if (!own) return this.#state(shard, false);
    const reading = `${shard.epoch} ${own.place.identity}`;
    if (reading !== this.#reading) this.#read.clear();
    this.#reading = reading;
    const ownQuestions = questions(own);
    await ownQuestions.fence(shard.epoch);
    for (const other of replicas) {
      if (isEnough(shard, self, this.#nodes)) break;
      const { node, state } = other.place;
      if (other.local || state !== "active" || this.#read.has(node) || !other.isAlive()) continue;
      await this.#tryRead(node, ownQuestions, questions(other), shard.epoch);
    }
    if (!isEnough(shard, self, this.#nodes)) return this.#state(shard, false);
    await this.#finish(ownQuestions, shard);
    return this.#state(shard, true);
  }

  get #nodes(): ReadonlySet<string> {
    return new Set(this.#read.keys());
  }

  async #tryRead(
    node: string,
    own: ReplicaQuestions,
    other: ReplicaQuestions,
    epoch: number,
  ): Promise<void> {
    try {
      const seen = await settle(other, epoch, this.#parts.clock);
      if (seen === undefined) return;
      const { converged_version: converged } = await other.state();
      await copyRegisters(other, own);
      await this.#parts.sync(own, other);
      this.#read.set(node, { seen, converged });
    } catch (error) {
      this.#parts.onFailure(node, error);
    }
  }

  /** From here on it takes nothing older than what it may have promised before it lost its data. */
  async #finish(own: ReplicaQuestions, shard: ShardPlaces): Promise<void> {
    const { versions, self, changeShard } = this.#parts;
    const reads = [...this.#read.values()];
    for (const { seen } of reads) versions.restore(seen);
    await own.floor(versions.next());
    const converged = reads.map((one) => one.converged).sort(compareVersions);
    const all = converged.at(-1) ?? "";
    if (all !== "") await own.converged(all);
    await changeShard((now) => withActive(now, shard, self));
  }

  #state(shard: ShardPlaces, isFilled: boolean): RecoveryState {
    const lost = isFilled ? [] : lostWith(shard, this.#parts.self);
    return { read: this.#read.size, needed: readsNeeded(shard), isFilled, lostWith: lost };
  }
}
