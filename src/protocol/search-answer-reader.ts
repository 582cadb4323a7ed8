/**
 * Search answers from MessagePack, member by member in the order in which raw-rows-writer.ts writes them.
 * It reads what the general reader would read, in half the time: an embedded caller waits for it on
 * the one thread that all callers share.
 *
 * An answer that is written in any other way, by another version perhaps, is left to the general reader.
 */
import { float32From } from "./float-bytes.js";
import { MsgpackCursor, Token } from "./msgpack-cursor.js";
import { bodyBudget, readValue } from "./msgpack-reader.js";
import type { ValueBudget } from "./msgpack-reader.js";
import { memberNames as names } from "./raw-rows-writer.js";
import type { Metadata, SearchAnswer, SearchMetrics, SearchResult } from "./types.js";

/** The answer that is all of `bytes`; undefined when it is written differently. Errors: as of `readMsgpack`. */
export function readSearchAnswer(bytes: Uint8Array): SearchAnswer | undefined {
  const cursor = new MsgpackCursor(bytes);
  if (cursor.next() !== Token.map || cursor.value !== 2) return undefined;
  if (!cursor.passes(names.results) || cursor.next() !== Token.array) return undefined;
  const results = new Array<SearchResult>(cursor.value);
  const budget = bodyBudget();
  for (let index = 0; index < results.length; index++) {
    const row = readRow(cursor, budget);
    if (!row) return undefined;
    results[index] = row;
  }
  if (!cursor.passes(names.metrics)) return undefined;
  const metrics = readValue(cursor, budget) as SearchMetrics;
  return cursor.atEnd ? { results, metrics } : undefined;
}

function readRow(cursor: MsgpackCursor, budget: ValueBudget): SearchResult | undefined {
  if (cursor.next() !== Token.map) return undefined;
  let left = cursor.value - 3;
  if (!cursor.passes(names.id) || cursor.next() !== Token.string) return undefined;
  const id = cursor.string();
  let vector: Float32Array | undefined;
  if (cursor.passes(names.vector)) {
    if (cursor.next() !== Token.binary) return undefined;
    vector = float32From(cursor.binary());
    left--;
  }
  if (!cursor.passes(names.distance) || cursor.next() !== Token.number) return undefined;
  const distance = cursor.value;
  let metadata: Metadata | undefined;
  if (cursor.passes(names.metadata)) {
    metadata = readValue(cursor, budget) as Metadata;
    left--;
  }
  if (left !== 0 || !cursor.passes(names.version)) return undefined;
  if (cursor.next() !== Token.string) return undefined;
  return rowOf(id, vector, distance, metadata, cursor.string());
}

/** Members in the order of the contract; those that were not asked for are not there. */
function rowOf(
  id: string,
  vector: Float32Array | undefined,
  distance: number,
  metadata: Metadata | undefined,
  version: string,
): SearchResult {
  if (!vector && metadata) return { id, distance, metadata, version };
  return { id, ...(vector && { vector }), distance, ...(metadata && { metadata }), version };
}
