/**
 * How long an answer may take before it counts as late: what 19 of 20 recent ones took less than. One
 * further replica is asked then, so a slow one costs its readers little, and hurry costs little too.
 */
const windowCount = 256;
/** Answers between two looks. */
const lookCount = 32;
const quantile = 0.95;
const lateMsMin = 20;
const lateMsMax = 500;
/** While little is known. */
const lateMsFirst = 50;

export class LatencyQuantile {
  readonly #recentMs = new Float64Array(windowCount);
  #count = 0;
  #lateMs = lateMsFirst;

  note(tookMs: number): void {
    this.#recentMs[this.#count++ % windowCount] = tookMs;
    if (this.#count % lookCount === 0) this.#lateMs = this.#look();
  }

  get lateMs(): number {
    return this.#lateMs;
  }

  #look(): number {
    const known = this.#recentMs.subarray(0, Math.min(this.#count, windowCount)).slice().sort();
    const found = known[Math.floor(known.length * quantile)] ?? lateMsFirst;
    return Math.min(lateMsMax, Math.max(lateMsMin, found));
  }
}
