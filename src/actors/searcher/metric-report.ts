/**
 * Tells the collection by which metrics, other than its own, searches are asked for and how many of
 * them had to compare with many rows one by one. One message a second at most, however many searches.
 */
import type { Clock, Timer } from "../../base/index.js";
import type { Metric } from "../../index/index.js";
import type { MetricSearches } from "../shard/metric-demand.js";

/** A scan of fewer rows takes about a millisecond, and no index is worth its memory for that. */
const manyRows = 10_000;
const restMs = 1000;

export interface MetricReportParts {
  readonly own: Metric;
  readonly clock: Clock;
  readonly tell: (asked: readonly MetricSearches[]) => void;
}

export class MetricReport {
  readonly #parts: MetricReportParts;
  readonly #counts = new Map<Metric, { searches: number; scans: number }>();
  #timer: Timer | undefined;

  constructor(parts: MetricReportParts) {
    this.#parts = parts;
  }

  /** Notes a search that compared with `scannedRows` rows one by one. */
  readonly note = (metric: Metric, scannedRows: number): void => {
    if (metric === this.#parts.own) return;
    const counts = this.#counts.get(metric) ?? { searches: 0, scans: 0 };
    counts.searches++;
    if (scannedRows > manyRows) counts.scans++;
    this.#counts.set(metric, counts);
    this.#timer ??= this.#parts.clock.after(restMs, () => this.#tell());
  };

  close(): void {
    this.#timer?.cancel();
  }

  #tell(): void {
    this.#timer = undefined;
    const asked = [...this.#counts].map(([metric, counts]) => ({ metric, ...counts }));
    this.#counts.clear();
    this.#parts.tell(asked);
  }
}
