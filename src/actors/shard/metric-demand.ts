/**
 * Decides which metrics other than a collection's own deserve an index of their own, and for how long:
 * one that searches often ask for and that costs them scans of many rows. Knows no clock: every call
 * says what time it is.
 */
import type { Metric } from "../../index/index.js";

/** Searches by one metric since the last report. */
export interface MetricSearches {
  readonly metric: Metric;
  readonly searches: number;
  /** Of these, so many compared with many rows one by one. */
  readonly scans: number;
}

export interface DemandLimits {
  /** So many scans within `withinMs` make an index worth its memory. */
  readonly scans: number;
  readonly withinMs: number;
  /** An index that no search has asked for so long is not worth its memory. */
  readonly idleMs: number;
}

export const demandLimits: DemandLimits = {
  scans: 20,
  withinMs: 600_000,
  idleMs: 86_400_000,
};

interface Scans {
  readonly atMs: number;
  readonly count: number;
}

export class MetricDemand {
  readonly #limits: DemandLimits;
  readonly #scans = new Map<Metric, readonly Scans[]>();
  readonly #usedMs = new Map<Metric, number>();

  constructor(limits: DemandLimits = demandLimits) {
    this.#limits = limits;
  }

  /** Notes searches that were made until this monotonic time. */
  note({ metric, searches, scans }: MetricSearches, nowMs: number): void {
    if (searches > 0) this.#usedMs.set(metric, nowMs);
    if (scans === 0) return;
    this.#scans.set(metric, [...this.#recent(metric, nowMs), { atMs: nowMs, count: scans }]);
  }

  /** Whether there were enough scans of late. */
  isWanted(metric: Metric, nowMs: number): boolean {
    const scans = this.#recent(metric, nowMs).reduce((sum, { count }) => sum + count, 0);
    return scans >= this.#limits.scans;
  }

  /** An index for the metric is there from now on: what led to it is settled. */
  answered(metric: Metric, nowMs: number): void {
    this.#scans.delete(metric);
    this.#usedMs.set(metric, nowMs);
  }

  /** Whether an index that is there has not been asked for too long. */
  isIdle(metric: Metric, nowMs: number): boolean {
    const used = this.#usedMs.get(metric);
    return used !== undefined && nowMs - used >= this.#limits.idleMs;
  }

  #recent(metric: Metric, nowMs: number): readonly Scans[] {
    const scans = this.#scans.get(metric) ?? [];
    return scans.filter(({ atMs }) => nowMs - atMs < this.#limits.withinMs);
  }
}
