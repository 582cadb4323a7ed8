/**
 * Faults from a seed: each begins, lasts for a while and is mended. Never so many at once that nothing
 * could go on.
 */
import { randomBelow, randomFraction, sleep } from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import type { Trace } from "./trace.js";

/** One kind of fault, as a world can make it. */
export interface FaultKind {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  readonly lastsMsMax: number;
  /** Makes one; undefined when there is nothing to break now. The result says what, and mends it. */
  readonly begin: () => Fault | undefined;
}

export interface Fault {
  readonly where: string;
  readonly mend: () => unknown;
}

export interface FaultPlan {
  readonly kinds: readonly FaultKind[];
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  /** Under way at once. */
  readonly atOnceMax: number;
  readonly pauseMsMax: number;
}

/** Refusals that a caller has to live with while things are broken. */
export const refusalsByFaults: ReadonlySet<string> = new Set([
  "TIMEOUT",
  "NOT_ENOUGH_REPLICAS",
  "OVERLOADED",
  "CLOSED",
  "STORAGE_FULL",
  "VERSION_CONFLICT",
]);

export class Faults {
  readonly #plan: FaultPlan;
  readonly #counts = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();
  #stopped = false;

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  /** How many of each kind there were. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Breaks things until it is stopped. */
  async run(): Promise<void> {
    const { clock, random, atOnceMax, pauseMsMax } = this.#plan;
    while (!this.#isStopped()) {
      await sleep(clock, randomBelow(random, pauseMsMax));
      if (this.#isStopped() || this.#underWay.size >= atOnceMax) continue;
      this.#begin(this.#draw());
    }
  }

  /** No more faults; resolves when all are mended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#underWay);
  }

  /** Breaks this at once, unless so much is broken already. */
  strike(kind: FaultKind): void {
    if (this.#isStopped() || this.#underWay.size >= this.#plan.atOnceMax) return;
    this.#begin(kind);
  }

  #begin(kind: FaultKind): void {
    const fault = this.#one(kind);
    this.#underWay.add(fault);
    void fault.finally(() => this.#underWay.delete(fault));
  }

  async #one({ name, lastsMsMax, begin }: FaultKind): Promise<void> {
    const { clock, random, trace } = this.#plan;
    const fault = begin();
    if (!fault) return;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    trace.add("fault", { name, where: fault.where });
    await sleep(clock, randomFraction(random) * lastsMsMax);
    await fault.mend();
    trace.add("mended", { name, where: fault.where });
  }

  #draw(): FaultKind {
    const { kinds, random } = this.#plan;
    const sum = kinds.reduce((total, { weight }) => total + weight, 0);
    let left = randomFraction(random) * sum;
    const found = kinds.find(({ weight }) => (left -= weight) < 0);
    return found ?? (kinds[0] as FaultKind);
  }

  #isStopped(): boolean {
    return this.#stopped;
  }
}
