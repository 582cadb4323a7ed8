/** Comparing one record with the centroids of a table, four at a time. */
import { BIAS } from "../codes/encode";
import { idOf, keyOf, scoreOf } from "../codes/pool";
import { fields, scoreFourCodes } from "../codes/score-four";
import {
  centroidOf,
  codeBytes,
  ENTRY_COUNT,
  entriesOf,
  NEAREST_SCORE,
  productFactor,
} from "./layout";

/** Squared distances of four centroids, up to what belongs to the record alone. */
// @ts-ignore: decorator
@inline
function fourScores(record: usize, entries: usize, at: u32, last: u32, bytes: usize): v128 {
  return scoreFourCodes(
    record,
    centroidOf(entries, at),
    centroidOf(entries, min<u32>(at + 1, last)),
    centroidOf(entries, min<u32>(at + 2, last)),
    centroidOf(entries, min<u32>(at + 3, last)),
    bytes,
    2,
  );
}

/** The entry of the list that a row belongs to; its score goes to the scratch slot. */
export function nearestCentroid(record: usize, table: usize, scratch: usize): u32 {
  const count = load<u32>(table, ENTRY_COUNT);
  const entries = entriesOf(table);
  const bytes = codeBytes();
  let best: u64 = u64.MAX_VALUE;
  for (let at: u32 = 0; at < count; at += 4) {
    const scores = fourScores(record, entries, at, count - 1, bytes);
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 0), at));
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 1), min<u32>(at + 1, count - 1)));
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 2), min<u32>(at + 2, count - 1)));
    best = min<u64>(best, keyOf(f32x4.extract_lane(scores, 3), min<u32>(at + 3, count - 1)));
  }
  store<f32>(scratch, scoreOf(best), NEAREST_SCORE);
  return idOf(best);
}

/**
 * The keys of all lists in the order of a table to `keys`: by the distance of their centroid, for
 * dot_product by its inner product. Writes up to three keys more.
 */
export function rankLists(query: usize, table: usize, keys: usize): void {
  const count = load<u32>(table, ENTRY_COUNT);
  const entries = entriesOf(table);
  const bytes = codeBytes();
  const isProduct = productFactor() == 1;
  for (let at: u32 = 0; at < count; at += 4) {
    let scores = fourScores(query, entries, at, count - 1, bytes);
    if (isProduct) scores = f32x4.sub(scores, biases(entries, at, count - 1, bytes));
    const to = keys + ((<usize>at) << 3);
    store<u64>(to, keyOf(f32x4.extract_lane(scores, 0), at));
    store<u64>(to, keyOf(f32x4.extract_lane(scores, 1), at + 1), 8);
    store<u64>(to, keyOf(f32x4.extract_lane(scores, 2), at + 2), 16);
    store<u64>(to, keyOf(f32x4.extract_lane(scores, 3), at + 3), 24);
  }
}

// @ts-ignore: decorator
@inline
function biases(entries: usize, at: u32, last: u32, bytes: usize): v128 {
  return fields(
    centroidOf(entries, at),
    centroidOf(entries, min<u32>(at + 1, last)),
    centroidOf(entries, min<u32>(at + 2, last)),
    centroidOf(entries, min<u32>(at + 3, last)),
    bytes + BIAS,
  );
}
