/**
 * Link lists as writers that hold the row's lock, and readers without locks, see them. A list only
 * ever names rows that are complete. A writer appends a row number and then stores the count
 * atomically; a list that is rewritten has its count lowered first, so that a reader meets old and new
 * links, never others.
 */
import { insertKey, keyOf } from "../codes/pool";
import { upperOf } from "./codes";
import {
  BATCH,
  codeBytes,
  KEPT,
  LINKS,
  linksMax,
  POOL,
  rowAt,
  SCORES,
  SMALL_POOL,
} from "./layout";
import { lock, lockOf, unlock } from "./locks";
import { scoreRows } from "./scores";
import { selectLinks } from "./select";

/** The list of a row on a level that the row reaches. */
// @ts-ignore: decorator
@inline
export function linksOf(id: u32, level: u32): usize {
  const row = rowAt(id);
  if (level == 0) return row + codeBytes() + LINKS;
  return upperOf(row) + <usize>(level - 1) * upperListBytes();
}

// @ts-ignore: decorator
@inline
export function upperListBytes(): usize {
  return <usize>(linksMax(1) + 1) << 2;
}

// @ts-ignore: decorator
@inline
export function linkCount(links: usize): u32 {
  return atomic.load<u32>(links);
}

// @ts-ignore: decorator
@inline
export function linkAt(links: usize, index: u32): u32 {
  return load<u32>(links + ((<usize>index) << 2), 4);
}

function appendLink(links: usize, count: u32, id: u32): void {
  store<u32>(links + ((<usize>count) << 2), id, 4);
  atomic.store<u32>(links, count + 1);
}

/** Replaces a list by the `count` row numbers at `ids`. */
export function replaceLinks(links: usize, ids: usize, count: u32): void {
  atomic.store<u32>(links, min<u32>(count, linkCount(links)));
  for (let at: u32 = 0; at < count; at++) {
    const offset = (<usize>at) << 2;
    store<u32>(links + offset, load<u32>(ids + offset), 4);
  }
  atomic.store<u32>(links, count);
}

/**
 * Has the rows that `id` links to link to it. Its list is copied first: from the first of these links
 * on, other writers change it.
 */
export function linkBack(scratch: usize, id: u32, level: u32): bool {
  const own = linksOf(id, level);
  const copy = scratch + POOL;
  const count = linkCount(own);
  memory.copy(copy, own + 4, (<usize>count) << 2);
  for (let at: u32 = 0; at < count; at++) {
    const other = load<u32>(copy + ((<usize>at) << 2));
    const word = lockOf(rowAt(other));
    if (!lock(word, scratch)) return false;
    addLink(scratch, other, id, level);
    unlock(word);
  }
  return true;
}

/** Has `id`, whose lock is held, link to `added`, unless it does. */
function addLink(scratch: usize, id: u32, added: u32, level: u32): void {
  const links = linksOf(id, level);
  const held = linkCount(links);
  for (let at: u32 = 0; at < held; at++) {
    if (linkAt(links, at) == added) return;
  }
  if (held < linksMax(level)) appendLink(links, held, added);
  else prune(scratch, id, added, links, level);
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
  const chosen = selectLinks(pool, limit + 1, limit, scratch + KEPT, id);
  replaceLinks(links, scratch + KEPT, chosen);
}
