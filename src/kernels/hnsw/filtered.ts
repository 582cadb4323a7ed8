/**
 * Links as a filtered walk follows them: only to rows that the filter allows, and through a row that it
 * does not allow to the allowed rows that this one links to. So the allowed rows stay connected where
 * each has only a few others among its neighbours (ACORN-1: Patel and others, 2024).
 */
import { allowed, BATCH } from "./layout";
import { linkAt, linkCount, linksOf } from "./links";
import { isMet } from "./marks";

/** With so many rows in hand no more rows are looked through, so that the batch has room. */
const TAKEN_ENOUGH: u32 = 128;

/** Whether the filter in the scratch slot, whose bitmap is at `allow`, admits a row. */
// @ts-ignore: decorator
@inline
export function isAllowed(allow: usize, id: u32): bool {
  return ((load<u32>(allow + ((<usize>id >> 5) << 2)) >> (id & 31)) & 1) != 0;
}

/**
 * Puts the allowed rows within two links of `id` that were not met in the batch, from place `from` on;
 * how many. A row that is not allowed is looked through once in a walk.
 */
export function takeAllowed(id: u32, scratch: usize, from: u32): u32 {
  const allow = allowed(scratch);
  const links = linksOf(id, 0);
  const count = linkCount(links);
  let place = from;
  for (let at: u32 = 0; at < count; at++) {
    const link = linkAt(links, at);
    if (isMet(scratch, link)) continue;
    if (isAllowed(allow, link)) put(scratch, place++, link);
    else if (place - from < TAKEN_ENOUGH) place = lookThrough(link, allow, scratch, place);
  }
  return place - from;
}

/** The place after the last row that was put. */
function lookThrough(id: u32, allow: usize, scratch: usize, from: u32): u32 {
  const links = linksOf(id, 0);
  const count = linkCount(links);
  let place = from;
  for (let at: u32 = 0; at < count; at++) {
    const link = linkAt(links, at);
    if (isAllowed(allow, link) && !isMet(scratch, link)) put(scratch, place++, link);
  }
  return place;
}

// @ts-ignore: decorator
@inline
function put(scratch: usize, place: u32, id: u32): void {
  store<u32>(scratch + BATCH + ((<usize>place) << 2), id);
}
