/**
 * Link lists as one writer and readers without locks see them. A list only ever names rows that are
 * complete. The writer appends a row number and then stores the count atomically; a list that is
 * rewritten has its count lowered first, so that a reader meets old and new links, never others.
 */
import { upperOf } from "./codes";
import { codeBytes, LINKS, linksMax, rowAt } from "./layout";

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

export function appendLink(links: usize, count: u32, id: u32): void {
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
