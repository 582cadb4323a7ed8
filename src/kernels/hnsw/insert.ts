/**
 * Takes a row into the graph, by the only writer. Readers walk at the same time, so the order matters:
 * the row's code and its own lists on all levels are complete before any row links to it; links to it
 * are made on the lowest level first, so that who meets it above finds it below; the entry point
 * moves last.
 */
import { encode, upperOf } from "./codes";
import {
  BATCH,
  codeBytes,
  efConstruction,
  ENTRY,
  FLAGS,
  KEPT,
  LINKS,
  linksMax,
  POOL,
  rowAt,
  ROWS,
  SCORES,
  SMALL_POOL,
  UPPER,
  UPPER_USED,
  upperEnd,
  VECTOR,
} from "./layout";
import { appendLink, linkAt, linkCount, linksOf, replaceLinks, upperListBytes } from "./links";
import { idOf, insertKey, keyAt, keyOf } from "../codes/pool";
import { scoreRows } from "./scores";
import { selectLinks } from "./select";
import { enter, forgetMet, walkLevel } from "./walk";

/** Takes the vector in the scratch slot as row `id`, up to `level` (lower when memory is short). */
export function insertRow(scratch: usize, id: u32, level: u32): void {
  const row = rowAt(id);
  encode(scratch + VECTOR, row);
  store<u32>(row + codeBytes(), 0, FLAGS);
  store<u32>(row + codeBytes(), 0, LINKS);
  atomic.store<u32>(ROWS, id + 1);
  const reached = reserveUpper(row, level);
  const entry = atomic.load<u64>(ENTRY);
  if (entry != 0) linkRow(scratch, id, min<u32>(reached, <u32>(entry >> 32)));
  if (entry == 0 || reached > <u32>(entry >> 32)) {
    atomic.store<u64>(ENTRY, ((<u64>reached) << 32) | <u64>(id + 1));
  }
}

/** Takes room for empty lists above the lowest level; the highest level there is room for. */
function reserveUpper(row: usize, level: u32): u32 {
  const from = <usize>load<u32>(UPPER_USED);
  const bytes = <usize>level * upperListBytes();
  const isReserved = level > 0 && from + bytes <= upperEnd();
  store<u32>(row + codeBytes(), isReserved ? <u32>from : 0, UPPER);
  if (!isReserved) return 0;
  memory.fill(from, 0, bytes);
  store<u32>(UPPER_USED, <u32>(from + bytes));
  return level;
}

function linkRow(scratch: usize, id: u32, level: u32): void {
  const row = rowAt(id);
  const pool = scratch + POOL;
  const kept = scratch + KEPT;
  let start = enter(row, level, scratch);
  for (let at = <i32>level; at >= 0; at--) {
    const count = walkLevel(row, start, at, efConstruction(), scratch, pool);
    const chosen = selectLinks(pool, count, linksMax(1), kept);
    replaceLinks(linksOf(id, at), kept, chosen);
    start = idOf(keyAt(pool, 0));
    forgetMet(scratch);
  }
  for (let at: u32 = 0; at <= level; at++) linkBack(scratch, id, at);
}

/** Has the rows that `id` links to link to it. */
function linkBack(scratch: usize, id: u32, level: u32): void {
  const own = linksOf(id, level);
  const count = linkCount(own);
  for (let at: u32 = 0; at < count; at++) {
    const other = linkAt(own, at);
    const links = linksOf(other, level);
    const held = linkCount(links);
    if (held < linksMax(level)) appendLink(links, held, id);
    else prune(scratch, other, id, links, level);
  }
}

/** Makes a full list anew from what it holds and `added`. */
function prune(scratch: usize, id: u32, added: u32, links: usize, level: u32): void {
  const limit = linksMax(level);
  const batch = scratch + BATCH;
  const pool = scratch + SMALL_POOL;
  memory.copy(batch, links + 4, (<usize>limit) << 2);
  store<u32>(batch + ((<usize>limit) << 2), added);
  scoreRows(rowAt(id), batch, limit + 1, scratch + SCORES);
  for (let at: u32 = 0; at <= limit; at++) {
    const offset = (<usize>at) << 2;
    insertKey(pool, at, keyOf(load<f32>(scratch + SCORES + offset), load<u32>(batch + offset)));
  }
  const chosen = selectLinks(pool, limit + 1, limit, scratch + KEPT);
  replaceLinks(links, scratch + KEPT, chosen);
}
