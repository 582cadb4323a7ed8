/**
 * Which candidates a row links to: the nearest, except those that are nearer to one already chosen
 * than to the row, so that links lead in different directions (Malkov and Yashunin, algorithm 4).
 *
 * That rule does not hold copies of a row back: all are as near to each other as to the row. A list
 * full of them leads nowhere else, so of candidates that tie for the nearest only some are taken,
 * others for each row, so that copies stay linked with each other.
 */
import { rowAt } from "./layout";
import { idOf, keyAt, scoreOf } from "../codes/pool";
import { scoreFour } from "./scores";

/** One link in so many may lead to a copy. */
const COPY_SHARE: u32 = 4;

/**
 * Chooses at most `limit` of the `count` keys at `pool` for row `id`, to `kept` as row numbers; how
 * many.
 */
export function selectLinks(pool: usize, count: u32, limit: u32, kept: usize, id: u32): u32 {
  let chosen: u32 = 0;
  let at: u32 = 0;
  if (count > limit) {
    const ties = tiesFor(pool, count);
    if (ties > limit / COPY_SHARE) {
      chosen = keepSome(pool, ties, limit / COPY_SHARE, kept, id);
      at = ties;
    }
  }
  for (; at < count && chosen < limit; at++) {
    const key = keyAt(pool, at);
    if (count > limit && isCovered(key, kept, chosen)) continue;
    chosen = keep(kept, chosen, idOf(key));
  }
  return chosen;
}

/** Candidates as near as the nearest. */
// @ts-ignore: decorator
@inline
function tiesFor(pool: usize, count: u32): u32 {
  const nearest = scoreOf(keyAt(pool, 0));
  let ties: u32 = 1;
  while (ties < count && scoreOf(keyAt(pool, ties)) == nearest) ties++;
  return ties;
}

/** Keeps `wanted` of the first `ties` keys, evenly spread, beginning where `id` says. */
function keepSome(pool: usize, ties: u32, wanted: u32, kept: usize, id: u32): u32 {
  const start = (id * 0x9e3779b1) % ties;
  let chosen: u32 = 0;
  while (chosen < wanted) {
    const at = (start + (chosen * ties) / wanted) % ties;
    chosen = keep(kept, chosen, idOf(keyAt(pool, at)));
  }
  return chosen;
}

/** Appends, and repeats the last to have fours. */
// @ts-ignore: decorator
@inline
function keep(kept: usize, chosen: u32, id: u32): u32 {
  const end = kept + ((<usize>chosen) << 2);
  v128.store(end, i32x4.splat(id));
  return chosen + 1;
}

// @ts-ignore: decorator
@inline
function isCovered(key: u64, kept: usize, chosen: u32): bool {
  const row = rowAt(idOf(key));
  const limit = f32x4.splat(scoreOf(key));
  for (let at: u32 = 0; at < chosen; at += 4) {
    const scores = scoreFour(row, kept + ((<usize>at) << 2));
    if (v128.any_true(f32x4.lt(scores, limit))) return true;
  }
  return false;
}
