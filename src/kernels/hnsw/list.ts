/**
 * Compares the query with every row that a filter allows, in the order of their numbers. Where few
 * rows are allowed this takes less time than a walk, which meets mostly others.
 */
import { isDead } from "./codes";
import { allowed, BATCH, POOL, QUERY, rowAt, SCORES } from "./layout";
import { insertKey, keyAt, keyOf } from "../codes/pool";
import { scoreRows } from "./scores";

/** Rows scored at a time; their numbers and scores fit the places of a batch. */
const TAKEN_MAX: u32 = 4000;

/**
 * Adds the allowed rows of [from, to), `from` a multiple of 32, to the `kept` keys of the pool, which
 * keeps the `wanted` nearest that live; how many it holds then.
 */
export function scanAllowed(scratch: usize, from: u32, to: u32, wanted: u32, kept: u32): u32 {
  const allow = allowed(scratch);
  const batch = scratch + BATCH;
  let taken: u32 = 0;
  for (let first = from; first < to; first += 32) {
    let word = load<u32>(allow + ((<usize>first >> 5) << 2));
    if (to - first < 32) word &= (<u32>1 << (to - first)) - 1;
    for (; word != 0; word &= word - 1) {
      store<u32>(batch + ((<usize>taken) << 2), first + ctz<u32>(word));
      taken++;
    }
    if (taken + 32 <= TAKEN_MAX) continue;
    kept = keepNearest(scratch, taken, wanted, kept);
    taken = 0;
  }
  return taken == 0 ? kept : keepNearest(scratch, taken, wanted, kept);
}

function keepNearest(scratch: usize, taken: u32, wanted: u32, kept: u32): u32 {
  const batch = scratch + BATCH;
  const pool = scratch + POOL;
  scoreRows(scratch + QUERY, batch, taken, scratch + SCORES);
  for (let at: u32 = 0; at < taken; at++) {
    const offset = (<usize>at) << 2;
    const id = load<u32>(batch + offset);
    const key = keyOf(load<f32>(scratch + SCORES + offset), id);
    if (kept == wanted && key >= keyAt(pool, wanted - 1)) continue;
    if (isDead(rowAt(id))) continue;
    if (kept == wanted) kept--;
    insertKey(pool, kept, key);
    kept++;
  }
  return kept;
}
