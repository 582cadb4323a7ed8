/** What a comparison found: written as JSON, drawn and tabled from it. */
import type { FilteredPoint, Point } from "./rival.js";
import type { BuildAnswer } from "./messages.js";

export interface RivalResult {
  readonly name: string;
  readonly built: BuildAnswer;
  readonly points: readonly Point[];
  readonly filtered: readonly FilteredPoint[];
}

export interface ComparisonResult {
  readonly set: string;
  readonly rows: number;
  readonly dimension: number;
  readonly metric: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly rivals: readonly RivalResult[];
  /** Names of those that did not take part, and why. */
  readonly absent: Readonly<Record<string, string>>;
}

export function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1] ?? NaN;
}

/** The value at a recall, on straight lines between points; undefined where none reaches it. */
export function valueAt(
  points: readonly Point[],
  target: number,
  of: (point: Point) => number,
): number | undefined {
  const index = points.findIndex(({ recall }) => recall >= target);
  const after = points[index];
  if (!after) return undefined;
  const before = points[index - 1];
  if (!before || after.recall === before.recall) return of(after);
  const share = (target - before.recall) / (after.recall - before.recall);
  return of(before) + share * (of(after) - of(before));
}
