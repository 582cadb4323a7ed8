/**
 * Which candidates a row links to: the nearest, except those that are nearer to one already chosen
 * than to the row, so that links lead in different directions (Malkov and Yashunin, algorithm 4).
 */
import { rowAt } from "./layout";
import { idOf, keyAt, scoreOf } from "../codes/pool";
import { scoreFour } from "./scores";

/** Chooses at most `limit` of the `count` keys at `pool`, to `kept` as row numbers; how many. */
export function selectLinks(pool: usize, count: u32, limit: u32, kept: usize): u32 {
  let chosen: u32 = 0;
  for (let at: u32 = 0; at < count && chosen < limit; at++) {
    const key = keyAt(pool, at);
    if (count > limit && isCovered(key, kept, chosen)) continue;
    chosen = keep(kept, chosen, idOf(key));
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
