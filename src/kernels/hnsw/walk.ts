/**
 * Walks along links: greedy on the upper levels, with a pool of the `ef` nearest on the level looked
 * for. A walk ends when the links of all in its pool were followed.
 */
import {
  BATCH,
  ENTRY,
  NOTES_MAX,
  POOL,
  SCORES,
  sketchBits,
  WALK_COUNT,
  WALK_CURSOR,
} from "./layout";
import { takeAllowed } from "./filtered";
import { linkAt, linkCount, linksOf } from "./links";
import { forgetMet, isMet, markOf } from "./marks";
import { idOf, insertKey, keyAt, keyOf, scoreOf } from "../codes/pool";
import { scoreRows } from "./scores";
import { keepNear } from "./sketches";

/**
 * Candidates whose links are followed at once: memory answers for all their neighbours together, and a
 * few rows more are met than if each step knew of the one before.
 */
const FOLLOWED: u32 = 3;

/** The number of no row. */
export const NO_ROW: u32 = 0xffff_ffff;

/** The score of one row, as a key. */
// @ts-ignore: decorator
@inline
function keyOfRow(query: usize, id: u32, scratch: usize): u64 {
  store<u32>(scratch + BATCH, id);
  scoreRows(query, scratch + BATCH, 1, scratch + SCORES);
  return keyOf(load<f32>(scratch + SCORES), id);
}

/**
 * The nearest row that greedy steps reach from the entry point down to just above `level`; the entry
 * must exist. A row met before was no nearer, so it is scored once for all levels. The marks are
 * clear afterwards: what was met is noted in the pool, which is free until the walk that follows.
 * Only the row `hidden` stays marked, so that no walk meets it, unless it is the entry point.
 */
export function enter(query: usize, level: u32, scratch: usize, hidden: u32): u32 {
  forgetMet(scratch);
  if (hidden != NO_ROW) isMet(scratch, hidden);
  const entry = atomic.load<u64>(ENTRY);
  const notes = scratch + POOL;
  const isSketched = sketchBits() != 0;
  let noted: u32 = 0;
  let best = keyOfRow(query, <u32>entry - 1, scratch);
  for (let at = <u32>(entry >> 32); at > level; at--) {
    for (let before: u64 = 0; best != before && noted < NOTES_MAX; ) {
      before = best;
      let found = takeLinks(idOf(best), at, scratch, 0);
      if (found == 0) break;
      memory.copy(notes + ((<usize>noted) << 2), scratch + BATCH, (<usize>found) << 2);
      noted += found;
      if (isSketched) found = keepNear(scratch, found, scoreOf(best));
      if (found == 0) break;
      scoreRows(query, scratch + BATCH, found, scratch + SCORES);
      best = nearestOf(best, found, scratch);
    }
  }
  for (let at: u32 = 0; at < noted; at++) {
    store<u32>(markOf(scratch, load<u32>(notes + ((<usize>at) << 2))), 0);
  }
  return idOf(best);
}

/** The least of `best` and the keys of the batch. */
// @ts-ignore: decorator
@inline
function nearestOf(best: u64, count: u32, scratch: usize): u64 {
  for (let at: u32 = 0; at < count; at++) {
    const offset = (<usize>at) << 2;
    const score = load<f32>(scratch + SCORES + offset);
    best = min<u64>(best, keyOf(score, load<u32>(scratch + BATCH + offset)));
  }
  return best;
}

/**
 * Fills `pool` with the `ef` nearest on one level that links reach from `start`; how many. The marks
 * must be clear; they are not, afterwards.
 */
export function walkLevel(
  query: usize,
  start: u32,
  level: u32,
  ef: u32,
  scratch: usize,
  pool: usize,
): u32 {
  startLevel(query, start, scratch, pool);
  return followLevel(query, level, ef, scratch, pool, u32.MAX_VALUE);
}

/** Begins a walk on the lowest level around the `count` rows that the pool holds. */
export function startAround(count: u32, scratch: usize, pool: usize): void {
  forgetMet(scratch);
  for (let at: u32 = 0; at < count; at++) isMet(scratch, idOf(keyAt(pool, at)));
  store<u32>(scratch, count, WALK_COUNT);
  store<u32>(scratch, 0, WALK_CURSOR);
}

/** Begins a walk that `followLevel` ends. */
// @ts-ignore: decorator
@inline
export function startLevel(query: usize, start: u32, scratch: usize, pool: usize): void {
  isMet(scratch, start);
  store<u64>(pool, keyOfRow(query, start, scratch));
  store<u32>(scratch, 1, WALK_COUNT);
  store<u32>(scratch, 0, WALK_CURSOR);
}

/**
 * Goes on with a walk until it ends or has met `rows` more; a filtered one (filtered.ts) is on the lowest level. How many the pool holds at the end; 0 when
 * it has not ended and is to be called again, with nothing else done in the scratch slot meanwhile.
 */
export function followLevel(
  query: usize,
  level: u32,
  ef: u32,
  scratch: usize,
  pool: usize,
  rows: u32,
  isFiltered: bool = false,
): u32 {
  const batch = scratch + BATCH;
  const isSketched = sketchBits() != 0;
  let count = load<u32>(scratch, WALK_COUNT);
  let cursor = load<u32>(scratch, WALK_CURSOR);
  let met: u32 = 0;
  while (cursor < count) {
    if (met >= rows) {
      store<u32>(scratch, count, WALK_COUNT);
      store<u32>(scratch, cursor, WALK_CURSOR);
      return 0;
    }
    let found: u32 = 0;
    for (let taken: u32 = 0; cursor < count && taken < FOLLOWED; cursor++) {
      const key = keyAt(pool, cursor);
      if ((key & 1) != 0) continue;
      store<u64>(pool + ((<usize>cursor) << 3), key | 1);
      found += isFiltered
        ? takeAllowed(idOf(key), scratch, found)
        : takeLinks(idOf(key), level, scratch, found);
      taken++;
    }
    met += found;
    if (count == ef && isSketched) found = keepNear(scratch, found, scoreOf(keyAt(pool, ef - 1)));
    if (found == 0) continue;
    scoreRows(query, batch, found, scratch + SCORES);
    for (let at: u32 = 0; at < found; at++) {
      const offset = (<usize>at) << 2;
      const next = keyOf(load<f32>(scratch + SCORES + offset), load<u32>(batch + offset));
      if (count == ef && next >= keyAt(pool, ef - 1)) continue;
      if (count == ef) count--;
      cursor = min<u32>(cursor, insertKey(pool, count, next));
      count++;
    }
  }
  return count;
}

/** Puts the rows that `id` links to and were not met in the batch, from place `from` on; how many. */
// @ts-ignore: decorator
@inline
function takeLinks(id: u32, level: u32, scratch: usize, from: u32): u32 {
  const links = linksOf(id, level);
  const count = linkCount(links);
  const batch = scratch + BATCH + ((<usize>from) << 2);
  let found: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const link = linkAt(links, at);
    store<u32>(batch + ((<usize>found) << 2), link);
    found += isMet(scratch, link) ? 0 : 1;
  }
  return found;
}
