/**
 * When to publish an index that grows. A publication costs time in proportion to the whole index, so
 * the rows between two of them grow with it, and a trickle of rows waits until publishing is a small
 * share of the time. What is not published yet is scanned exactly, so waiting is never wrong.
 */

/** Publish without rest when this share of the published rows has come on top. */
const growthShare = 0.25;
const rowsMin = 5000;
/** Rest between publications, as a multiple of what the last one took, and at least. */
const restFactor = 20;
const restMsMin = 1000;
/** Rest after one that failed, such as on a full disk. */
const failedRestMs = 10_000;

export class PublishPolicy {
  #published: number;
  #restUntilMs = 0;
  #failedUntilMs = 0;

  constructor(published: number) {
    this.#published = published;
  }

  /**
   * Milliseconds until publishing is due, 0 for now, undefined for not before more rows come.
   * `idle`: there is nothing more to take in.
   */
  dueIn(indexed: number, idle: boolean, nowMs: number): number | undefined {
    const fresh = indexed - this.#published;
    if (fresh <= 0) return undefined;
    const hasGrown = fresh >= Math.max(rowsMin, this.#published * growthShare);
    if (!hasGrown && !idle) return undefined;
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
}
