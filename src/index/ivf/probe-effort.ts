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

/** How many lists there were when efforts were measured, and how many there are. */
export interface MeasuredLists {
  readonly calibration: Calibration;
  readonly lists: number;
  readonly now: number;
}

/**
 * Lists to probe for `k` hits; undefined where only an exact scan will do, or one that is as soon
 * done: a recall that no effort reached gets the largest, unless that is all lists. Where there are more lists
 * than were measured, as many more are probed: that is more than enough until they are measured anew.
 */
export function chooseLists(
  { calibration, lists, now }: MeasuredLists,
  { nprobe, recall }: SearchEffort,
  k: number,
): number | undefined {
  if (nprobe !== undefined) return nprobe;
  const effort = chooseEf(calibration, { recall }, k, lists * effortsPerList);
  if (effort === undefined) return undefined;
  return Math.ceil(listsOf(effort) * Math.max(1, now / lists));
}
