/**
 * An index of lists over int8 codes in one shared memory, compiled to WebAssembly SIMD by
 * AssemblyScript: one writer, any number of readers, no locks. The module keeps no state of its own:
 * no globals, no stack, no data segments. Each thread works in a scratch slot of its own, whose
 * address it passes; layout.ts says what lies where.
 *
 * A search says which epoch it reads, then takes the table in use. The writer never changes a table:
 * it makes another one and leaves what only the old one refers to as it is, until no search reads an
 * epoch in which the old one was in use. So a search meets every row once, whatever moves meanwhile.
 */
import { encodeVector } from "../codes/encode";
import { idOf, keyAt } from "../codes/pool";
import { nearestCentroid, rankLists } from "./centroids";
import { heapify, popKey } from "./heap";
import {
  codeBytes,
  COUNT,
  ENTRY_COUNT,
  entriesOf,
  EPOCH,
  firstChunkOf,
  isUnitLength,
  LISTS,
  LISTS_LEFT,
  LISTS_PROBED,
  MEAN,
  NEXT_CHUNK,
  NEXT,
  ORDINAL,
  POOL,
  POOLED,
  productFactor,
  QUERY,
  READING,
  RECORDS,
  ROWS_COMPARED,
  SEARCHED_TABLE,
  stride,
  TABLE,
  VECTOR,
} from "./layout";
import { scanAdmitted, scanChunk } from "./scan";

export { nearestCentroid, rankLists } from "./centroids";
export { accumulate, assignRows, lowerScores, measureRows } from "./means";

/** Turns the vector in the scratch slot into a record in the same slot, centred as in `table`. */
export function encodeRow(scratch: usize, table: usize): void {
  const record = scratch + QUERY;
  encodeVector(
    scratch + VECTOR,
    record,
    codeBytes(),
    table + MEAN,
    isUnitLength(),
    productFactor(),
  );
}

/**
 * Turns a centroid, a float32 vector in the scratch slot that is scaled and centred already, into
 * a record. `zeros`: as many zero bytes as the vector has.
 */
export function encodeCentroid(vector: usize, record: usize, zeros: usize): void {
  encodeVector(vector, record, codeBytes(), zeros, false, 2);
}

/** Puts a record at the end of a chunk that has room for it. */
export function appendRow(record: usize, ordinal: u32, chunk: usize): void {
  const count = load<u32>(chunk, COUNT);
  const to = chunk + RECORDS + <usize>count * stride();
  memory.copy(to, record, stride());
  store<u32>(to + codeBytes(), ordinal, ORDINAL);
  atomic.store<u32>(chunk, count + 1, COUNT);
}

/** Begins a search for the vector in the scratch slot: no list is probed yet. */
export function openSearch(scratch: usize): void {
  let epoch = atomic.load<u32>(EPOCH);
  for (;;) {
    atomic.store<u32>(scratch, epoch, READING);
    const now = atomic.load<u32>(EPOCH);
    if (now == epoch) break;
    epoch = now;
  }
  const table = <usize>atomic.load<u32>(TABLE);
  encodeRow(scratch, table);
  rankLists(scratch + QUERY, table, scratch + LISTS);
  const count = load<u32>(table, ENTRY_COUNT);
  heapify(scratch + LISTS, count);
  store<u32>(scratch, <u32>table, SEARCHED_TABLE);
  store<u32>(scratch, count, LISTS_LEFT);
  store<u32>(scratch, 0, POOLED);
  store<u32>(scratch, 0, LISTS_PROBED);
  store<u32>(scratch, 0, ROWS_COMPARED);
  store<u32>(scratch, 0, NEXT_CHUNK);
}

/**
 * Probes lists until `lists` are probed and `rows` compared in all, or none is left; rows from ordinal
 * `limit` on do not count. Keeps the nearest `wanted`. True when it has looked at `turn` rows before it
 * was done, and is to be called again.
 */
export function probe(
  scratch: usize,
  lists: u32,
  rows: u32,
  limit: u32,
  wanted: u32,
  isFiltered: bool,
  turn: u32,
): bool {
  const entries = entriesOf(<usize>load<u32>(scratch, SEARCHED_TABLE));
  let left = load<u32>(scratch, LISTS_LEFT);
  let probed = load<u32>(scratch, LISTS_PROBED);
  let chunk = <usize>load<u32>(scratch, NEXT_CHUNK);
  let seen: u32 = 0;
  while (seen < turn) {
    if (chunk == 0) {
      if (left == 0 || (probed >= lists && load<u32>(scratch, ROWS_COMPARED) >= rows)) break;
      chunk = firstChunkOf(entries, idOf(popKey(scratch + LISTS, left)));
      left--;
      probed++;
    }
    if (isFiltered) seen += scanAdmitted(scratch, chunk, limit, wanted);
    else seen += scanChunk(scratch, chunk, limit, wanted);
    chunk = <usize>atomic.load<u32>(chunk, NEXT);
  }
  store<u32>(scratch, left, LISTS_LEFT);
  store<u32>(scratch, probed, LISTS_PROBED);
  store<u32>(scratch, <u32>chunk, NEXT_CHUNK);
  return seen >= turn;
}

/** Ends a search: the pool becomes ordinals in the same place, nearest first; how many. */
export function closeSearch(scratch: usize): u32 {
  atomic.store<u32>(scratch, 0, READING);
  const pooled = load<u32>(scratch, POOLED);
  for (let at: u32 = 0; at < pooled; at++) {
    store<u32>(scratch + POOL + ((<usize>at) << 2), idOf(keyAt(scratch + POOL, at)));
  }
  return pooled;
}
