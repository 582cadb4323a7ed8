/**
 * Keeps this node's replica of a shard like the others, in rounds: anti-entropy with each other active
 * replica, convergence of all of them, or, while it does not count, its recovery.
 *
 * Of two active replicas the one with the smaller node id compares, so that it is done once. The one
 * with the smallest of all compares with every other: only it can tell that all have converged.
 */
import { randomFraction, toDvespError } from "../../base/index.js";
import type { Clock, Random, Timer } from "../../base/index.js";
import type { HybridClock, Version } from "../../consistency/index.js";
import type { CollectionAccess, ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { MerkleState } from "../replica/replication-messages.js";
import { decideConvergence } from "./decide-convergence.js";
import { LagBook } from "./lag-book.js";
import type { RepairLimits } from "./limits.js";
import { loggedSync } from "./logged-sync.js";
import type { SyncReport } from "./pair-sync.js";
import { Recovery } from "./recovery.js";
import type { ChangeShard, RecoveryState } from "./recovery.js";
import { RepairLog } from "./repair-log.js";
import type { EmitRepair, RepairKind } from "./repair-log.js";
import { ReplicaQuestions } from "./replica-questions.js";
import { Scrub } from "./scrub.js";
import type { Throttle } from "./throttle.js";

export interface ShardRepairParts {
  readonly self: string;
  readonly collection: string;
  readonly shard: number;
  readonly access: Pick<CollectionAccess, "settings" | "shards">;
  readonly changeShard: ChangeShard;
  readonly clock: Clock;
  readonly random: Random;
  readonly versions: HybridClock;
  readonly limits: RepairLimits;
  readonly throttle: Throttle;
  readonly emit: EmitRepair;
}

/** What is going on, for `/v1/cluster`. */
export interface RepairProgress {
  readonly kind: RepairKind;
  readonly with: string;
  readonly buckets: number;
  readonly buckets_done: number;
  readonly rows_copied: number;
}

/** Rounds vary in length by this share, so that nodes do not all compare at once. */
const jitter = 0.25;

export class ShardRepair {
  readonly #parts: ShardRepairParts;
  readonly #lags = new LagBook();
  readonly #scrub = new Scrub();
  readonly #recovery: Recovery;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  #isStopped = false;
  #isNudged = false;
  #dropped: Version = "";
  #progress: RepairProgress | undefined;
  #filled: RecoveryState | undefined;
  /** What the last round failed with, by node: said once. */
  readonly #failures = new Map<string, string>();

  constructor(parts: ShardRepairParts) {
    this.#parts = parts;
    this.#recovery = new Recovery({
      ...parts,
      questions: (access) => this.#questions(access),
      sync: (own, other) => this.#sync("recovery", own, other),
      onFailure: (node, error) => this.#failed("recovery", node, error),
    });
  }

  start(): void {
    this.#schedule(0);
  }

  /** Something has changed (a node is back, rows are known to be missing): a round begins soon. */
  nudge(): void {
    this.#isNudged = true;
    if (!this.#round) this.#schedule(0);
  }

  /** Begins nothing more, and waits for the question under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#round;
  }

  get progress(): RepairProgress | undefined {
    return this.#progress;
  }

  /** How many it was filled from, and has to be; while it does not count. */
  get recovery(): RecoveryState | undefined {
    return this.#filled;
  }

  lagMs(node: string): number | undefined {
    return this.#lags.lagMs(node, this.#parts.clock.now());
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#round ??= this.#runRound();
    });
  }

  async #runRound(): Promise<void> {
    this.#takeNudge();
    try {
      await this.#oneRound();
    } catch (error) {
      this.#failed("anti_entropy", this.#parts.self, error);
    }
    this.#round = undefined;
    const { random, limits } = this.#parts;
    const varied = limits.roundMs * (1 + jitter * (2 * randomFraction(random) - 1));
    this.#schedule(this.#takeNudge() ? 0 : varied);
  }

  #takeNudge(): boolean {
    const wasNudged = this.#isNudged;
    this.#isNudged = false;
    return wasNudged;
  }

  async #oneRound(): Promise<void> {
    const { access, shard: id } = this.#parts;
    const shard = access.shards().find((one) => one.shard.id === id);
    const own = shard?.replicas.find(({ local }) => local);
    if (!shard || !own) return;
    const states = await this.#states(shard);
    if (own.place.state === "active") {
      await this.#reconcile(shard, own, states);
      await this.#scrubStep(shard, own);
    } else this.#noteFilled(await this.#recovery.attempt(shard));
    this.#progress = undefined;
    if (own.place.state === "active") this.#filled = undefined;
  }

  #noteFilled(filled: RecoveryState): void {
    const isNew = filled.lostWith.join() !== (this.#filled?.lostWith ?? []).join();
    this.#filled = filled;
    if (isNew && filled.lostWith.length > 0)
      this.#log("recovery", this.#parts.self).blocked(filled);
  }

  async #states({ replicas }: ShardAccess): Promise<Map<string, MerkleState | undefined>> {
    const states = await Promise.all(
      replicas.map(async (one) => {
        const asked = one.isAlive() ? this.#questions(one).state() : undefined;
        return [one.place.node, await asked?.catch(() => undefined)] as const;
      }),
    );
    const found = new Map(states);
    this.#lags.note(found, this.#parts.clock.now());
    return found;
  }

  async #reconcile(
    shard: ShardAccess,
    own: ReplicaAccess,
    states: ReadonlyMap<string, MerkleState | undefined>,
  ): Promise<void> {
    const { self, clock } = this.#parts;
    const beganMs = clock.now();
    const staged = await this.#staged(shard);
    const driven = shard.replicas.filter(
      ({ local, place }) => !local && place.state === "active" && self < place.node,
    );
    let compared = 1;
    for (const other of driven) {
      if (await this.#compare(own, other)) compared++;
    }
    const known = [...states.values()].filter((state) => state !== undefined);
    const all = shard.replicas.length;
    if (compared < all || known.length < all || !staged) return;
    const told = decideConvergence(
      { beganMs, states: known, staged, dropped: this.#dropped },
      this.#parts.limits,
    );
    if (!told) return;
    const { version, drop } = told;
    await Promise.all(shard.replicas.map((one) => this.#questions(one).converged(version, drop)));
    this.#dropped = drop;
  }

  async #scrubStep({ replicas }: ShardAccess, own: ReplicaAccess): Promise<void> {
    const { limits, emit, collection, shard, self } = this.#parts;
    const others = replicas
      .filter((one) => one !== own && one.place.state === "active" && one.isAlive())
      .map((one) => this.#questions(one));
    if (others.length === 0 || this.#isStopped) return;
    const rows = await this.#scrub.step(this.#questions(own), others, limits.scrubRows);
    if (rows > 0) emit({ type: "rows_damaged", collection, shard, node: self, rows });
  }

  /** Versions of what is undecided anywhere; undefined when one of them does not say. */
  async #staged({ replicas }: ShardAccess): Promise<Version[] | undefined> {
    if (!replicas.every((one) => one.isAlive())) return undefined;
    try {
      const staged = await Promise.all(replicas.map((one) => this.#questions(one).staged()));
      return staged.flat().map(({ version }) => version);
    } catch {
      return undefined;
    }
  }

  /** Whether both hold the same of all that was there before. */
  async #compare(own: ReplicaAccess, other: ReplicaAccess): Promise<boolean> {
    if (this.#isStopped || !other.isAlive()) return false;
    const { self, clock } = this.#parts;
    const { node } = other.place;
    const beganMs = clock.now();
    try {
      const report = await this.#sync("anti_entropy", this.#questions(own), this.#questions(other));
      for (const one of [self, node]) this.#lags.whole(one, beganMs);
      this.#failures.delete(node);
      return report.conflicts === 0;
    } catch (error) {
      this.#lags.lacking(node, clock.now());
      this.#failed("anti_entropy", node, error);
      return false;
    }
  }

  async #sync(
    kind: RepairKind,
    own: ReplicaQuestions,
    other: ReplicaQuestions,
  ): Promise<SyncReport> {
    const { access, collection, shard } = this.#parts;
    const { dimension } = access.settings;
    const isStopped = (): boolean => this.#isStopped;
    return loggedSync(
      this.#parts,
      { collection, shard, kind, dimension, isStopped },
      [own, other],
      (report) => this.#note(kind, [own.node, other.node], report),
    );
  }

  #note(kind: RepairKind, nodes: readonly [string, string], report: SyncReport): void {
    const { buckets, bucketsDone: buckets_done, copied } = report;
    const rows_copied = copied[0] + copied[1];
    this.#progress = { kind, with: nodes[1], buckets, buckets_done, rows_copied };
    nodes.forEach((node, side) => {
      if ((copied[side] ?? 0) > 0) this.#lags.lacking(node, this.#parts.clock.now());
    });
  }

  #failed(kind: RepairKind, node: string, error: unknown): void {
    if (this.#isStopped) return;
    const failure = toDvespError(error);
    if (this.#failures.get(node) === failure.code) return;
    this.#failures.set(node, failure.code);
    this.#log(kind, node).failed(failure);
  }

  #log(kind: RepairKind, node: string): RepairLog {
    const { clock, emit, collection, shard, self } = this.#parts;
    return new RepairLog(clock, emit, { collection, shard, kind, nodes: [self, node] });
  }

  #questions(access: ReplicaAccess): ReplicaQuestions {
    return new ReplicaQuestions(access, this.#parts.limits.askMs);
  }
}
