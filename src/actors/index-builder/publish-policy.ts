/**
 * When to publish an index that grows. What is not published yet is scanned exactly, so waiting is
 * never wrong, only slower for searches.
 *
 * Where a publication costs time in proportion to the whole index, the rows between two of them grow
 * with it, and a trickle of rows waits until publishing is a small share of the time. Where it costs
 * nothing, it only must not come so often that telling the searchers is work: a few thousand rows, or
 * a second.
 */
import { unreachable } from "../../base/index.js";
import type { PublicationCost } from "../../index/index.js";

/** Publish without rest when so many rows have come on top. */
const rowsMin = 5000;
/** The same, as a share of the published rows, where a publication costs in proportion. */
const growthShare = 0.25;
/** Rest between publications, as a multiple of what the last one took, and at least. */
const restFactor = 20;
const restMsMin = 1000;
/** Rest after one that failed, such as on a full disk. */
const failedRestMs = 10_000;

export class PublishPolicy {
  readonly #cost: PublicationCost;
  #published: number;
  #restUntilMs = 0;
  #failedUntilMs = 0;

  constructor(cost: PublicationCost, published: number) {
    this.#cost = cost;
    this.#published = published;
  }

  /**
   * Milliseconds until publishing what is new is due, 0 for now, undefined for not before more rows
   * come. `idle`: there is nothing more to take in.
   */
  dueIn(indexed: number, idle: boolean, nowMs: number): number | undefined {
    const fresh = indexed - this.#published;
    const hasGrown = fresh >= this.#growth();
    if (!hasGrown && !idle && this.#cost === "whole_index") return undefined;
    const restMs = hasGrown ? 0 : this.#restUntilMs - nowMs;
    return Math.max(0, restMs, this.#failedUntilMs - nowMs);
  }

  /** Notes a publication of `indexed` rows that began and ended at these monotonic times. */
  published(indexed: number, beganMs: number, endedMs: number): void {
    this.#published = indexed;
    this.#restUntilMs = endedMs + Math.max(restMsMin, restFactor * (endedMs - beganMs));
  }

  /** Notes a publication that failed: the one before stays in use. */
  failed(nowMs: number): void {
    this.#failedUntilMs = nowMs + failedRestMs;
  }

  #growth(): number {
    switch (this.#cost) {
      case "constant":
        return rowsMin;
      case "whole_index":
        return Math.max(rowsMin, this.#published * growthShare);
      default:
        return unreachable(this.#cost);
    }
  }
}
