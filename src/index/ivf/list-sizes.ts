/** How many lists an index should have, and which ones are too large or too small. */
import { listsMax } from "./list-layout.js";

/** Lists grow in number with the square root of the rows, so that lists and rows cost alike. */
const listsPerRoot = 1;
/** Fewer rows are one list. */
const rowsPerListMin = 16;
/** A list is split from so many times the aimed size on, and dissolved below such a share of it. */
const splitFactor = 2;
const mergeShare = 0.125;

/** Lists for so many rows, unless a number was asked for. */
export function listsWanted(rows: number, asked: number | undefined): number {
  const most = Math.min(listsMax, Math.max(1, Math.floor(rows / rowsPerListMin)));
  return Math.min(most, asked ?? Math.max(1, Math.round(listsPerRoot * Math.sqrt(rows))));
}

/** A list of more rows is to be split. */
export function splitLimit(rows: number, wanted: number): number {
  return Math.max(2 * rowsPerListMin, splitFactor * (rows / wanted));
}

/** A list of fewer rows is to be dissolved. */
export function mergeLimit(rows: number, wanted: number): number {
  return mergeShare * (rows / wanted);
}
