/**
 * HNSW over int8 codes or float32 components in one shared memory (Malkov and Yashunin, 2016), compiled to WebAssembly SIMD
 * by AssemblyScript: writers lock rows for each other, any number of readers lock nothing. The module keeps no state of its
 * own: no globals, no stack, no data segments. Each thread works in a scratch slot of its own, whose
 * address it passes; layout.ts says what lies where.
 */
import { encode, isDead } from "./codes";
import { isAllowed } from "./filtered";
import { allowed, ENTRY, POOL, QUERY, rowAt, VECTOR } from "./layout";
import { idOf, keyAt } from "../codes/pool";
import { prepareSketch } from "./sketches";
import { enter, followLevel, startAround, startLevel } from "./walk";

export { insertRow } from "./insert";
export { scanAllowed } from "./list";

/** Encodes the vector in the scratch slot to where a walk reads its query. */
export function prepareQuery(scratch: usize): void {
  encode(scratch + VECTOR, scratch + QUERY);
  prepareSketch(scratch, scratch + QUERY);
}

/** Begins a walk for the prepared query that leaves out `hidden`; false while the graph is empty. */
export function openWalk(scratch: usize, hidden: u32): bool {
  if (atomic.load<u64>(ENTRY) == 0) return false;
  const query = scratch + QUERY;
  startLevel(query, enter(query, 0, scratch, hidden), scratch, scratch + POOL);
  return true;
}

/**
 * Goes on with a walk until the pool holds the `ef` nearest rows or `rows` more were met. How many it
 * holds at the end; 0 when the walk has not ended, and may be gone on with or left.
 */
export function walk(scratch: usize, ef: u32, rows: u32): u32 {
  return followLevel(scratch + QUERY, 0, ef, scratch, scratch + POOL, rows);
}

/** Begins a filtered walk for the prepared query around the `count` allowed rows in the pool. */
export function openFiltered(scratch: usize, count: u32): void {
  startAround(count, scratch, scratch + POOL);
}

/** As `walk`, over allowed rows alone. */
export function walkFiltered(scratch: usize, ef: u32, rows: u32): u32 {
  return followLevel(scratch + QUERY, 0, ef, scratch, scratch + POOL, rows, true);
}

/**
 * Turns the first `count` keys of the pool into row numbers in the same place, nearest first, leaving
 * out dead rows, those from `limit` on and, when `isFiltered`, those not allowed; how many are left.
 */
export function collect(scratch: usize, count: u32, limit: u32, isFiltered: bool): u32 {
  const pool = scratch + POOL;
  const allow = allowed(scratch);
  let left: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const id = idOf(keyAt(pool, at));
    if (id >= limit || isDead(rowAt(id))) continue;
    if (isFiltered && !isAllowed(allow, id)) continue;
    store<u32>(pool + ((<usize>left) << 2), id);
    left++;
  }
  return left;
}
