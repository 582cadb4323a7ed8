/**
 * Takes a row into the graph, beside other writers. Readers walk at the same time, so the order
 * matters: the row's code and its own lists on all levels are complete before any row links to it;
 * links to it are made on the lowest level first, so that who meets it above finds it below; the entry
 * point moves last.
 *
 * A list changes under its row's lock. A row that would become the entry point is taken in under the
 * lock of the entry point, so that the levels it adds are linked with each other.
 *
 * Memory begins as zeros, and what a row has is kept: a row whose writer died on the way is taken in
 * again, and whoever has met it goes on meeting complete lists.
 */
import { idOf, keyAt, removeId } from "../codes/pool";
import { encode, upperOf } from "./codes";
import {
  codeBytes,
  efConstruction,
  ENTRY,
  ENTRY_LOCK,
  KEPT,
  linksMax,
  POOL,
  rowAt,
  ROWS,
  UPPER,
  UPPER_USED,
  upperEnd,
  VECTOR,
} from "./layout";
import { linkBack, linksOf, replaceLinks, upperListBytes } from "./links";
import { lock, lockOf, unlock } from "./locks";
import { forgetMet } from "./marks";
import { selectLinks } from "./select";
import { prepareSketch, storeSketch } from "./sketches";
import { enter, NO_ROW, walkLevel } from "./walk";

/**
 * Takes the vector in the scratch slot as row `id`, up to `level` (lower when memory is short). False
 * when another writer did not let go of a lock: the row is to be taken in again.
 */
export function insertRow(scratch: usize, id: u32, level: u32): bool {
  const row = rowAt(id);
  encode(scratch + VECTOR, row);
  prepareSketch(scratch, row);
  storeSketch(scratch, id);
  countRow(id);
  const reached = reserveUpper(row, level);
  const entry = atomic.load<u64>(ENTRY);
  if (entry != 0 && reached <= topOf(entry)) return linkRow(scratch, id, reached);
  if (!lock(ENTRY_LOCK, scratch)) return false;
  const isLinked = raiseEntry(scratch, id, reached);
  unlock(ENTRY_LOCK);
  return isLinked;
}

// @ts-ignore: decorator
@inline
function topOf(entry: u64): u32 {
  return <u32>(entry >> 32);
}

function countRow(id: u32): void {
  let rows = atomic.load<u32>(ROWS);
  while (rows <= id) {
    const seen = atomic.cmpxchg<u32>(ROWS, rows, id + 1);
    if (seen == rows) return;
    rows = seen;
  }
}

/** Room for lists above the lowest level, empty at first; the highest level there is room for. */
function reserveUpper(row: usize, level: u32): u32 {
  if (level == 0 || upperOf(row) != 0) return level;
  const bytes = <u32>(<usize>level * upperListBytes());
  for (;;) {
    const from = atomic.load<u32>(UPPER_USED);
    if (<usize>from + bytes > upperEnd()) return 0;
    if (atomic.cmpxchg<u32>(UPPER_USED, from, from + bytes) != from) continue;
    store<u32>(row + codeBytes(), from, UPPER);
    return level;
  }
}

/** Links a row that is higher than all before it, if it still is; under the entry point's lock. */
function raiseEntry(scratch: usize, id: u32, reached: u32): bool {
  const entry = atomic.load<u64>(ENTRY);
  if (entry != 0 && !linkRow(scratch, id, min<u32>(reached, topOf(entry)))) return false;
  if (entry == 0 || reached > topOf(entry)) {
    atomic.store<u64>(ENTRY, ((<u64>reached) << 32) | <u64>(id + 1));
  }
  return true;
}

function linkRow(scratch: usize, id: u32, level: u32): bool {
  const row = rowAt(id);
  const pool = scratch + POOL;
  let start = enter(row, level, scratch, NO_ROW);
  for (let at = <i32>level; at >= 0; at--) {
    const met = walkLevel(row, start, at, efConstruction(), scratch, pool);
    const count = removeId(pool, met, id);
    if (count > 0) start = idOf(keyAt(pool, 0));
    if (!setLinks(scratch, id, at, count)) return false;
    forgetMet(scratch);
  }
  for (let at: u32 = 0; at <= level; at++) {
    if (!linkBack(scratch, id, at)) return false;
  }
  return true;
}

/** Links the row to the best of `count` candidates. */
function setLinks(scratch: usize, id: u32, level: u32, count: u32): bool {
  const kept = scratch + KEPT;
  const chosen = selectLinks(scratch + POOL, count, linksMax(1), kept, id);
  const word = lockOf(rowAt(id));
  if (!lock(word, scratch)) return false;
  replaceLinks(linksOf(id, level), kept, chosen);
  unlock(word);
  return true;
}
