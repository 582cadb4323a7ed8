/**
 * How many lists a search probes. Calibration measures efforts on a scale of their own, a quarter of a
 * list each, so that the same steps serve graphs and lists; callers choose lists, by `nprobe`.
 */
import { chooseEf, type Calibration } from "../calibration.js";
import type { SearchEffort } from "../index-spec.js";

const effortsPerList = 4;

/** Lists probed by an effort of calibration. */
export function listsOf(effort: number): number {
  return Math.max(1, Math.round(effort / effortsPerList));
}

/** Lists to probe for `k` hits; undefined where only an exact scan will do. */
export function chooseLists(
  calibration: Calibration,
  { nprobe, recall }: SearchEffort,
  k: number,
): number | undefined {
  if (nprobe !== undefined) return nprobe;
  const effort = chooseEf(calibration, { recall }, k);
  return effort === undefined ? undefined : listsOf(effort);
}
