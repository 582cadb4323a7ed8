/**
 * A run: the ids that one large commit brought, sorted, each with its ordinal, as one record of the
 * table. Writing it touches one place, where the same ids put one by one into the tree of ids would
 * touch a page each. An entry is a hint: it holds while the row of that ordinal is there.
 */
import { assert, uuidBytes } from "../base/index.js";
import type { ByteArena } from "./byte-arena.js";
import { numberKey, numberOfKey, tags } from "./keys.js";
import { corrupted, sealRecord, unsealRecord } from "./records.js";
import { columnCount } from "./row-columns.js";
import type { IdEntry, RowColumns } from "./row-store.js";
import type { TableWrite } from "./table.js";

/** Of one record, so that it stays well below what a value may have. */
export const runEntriesMax = 64 * 1024;
const ordinalBytes = 4;
const entryBytes = uuidBytes + ordinalBytes;

export class IdRun {
  readonly count: number;
  /** All ids, then all ordinals. */
  readonly #body: Buffer;

  constructor(key: Uint8Array, value: Uint8Array) {
    const what = `run ${numberOfKey(key)} of ids`;
    this.#body = unsealRecord(key, value, 0, what);
    this.count = this.#body.length / entryBytes;
    if (!Number.isInteger(this.count)) throw corrupted(`${what}: its length is none of a run`);
  }

  ordinalOf(id: Uint8Array): number | undefined {
    const index = this.#lowerBound(id);
    return index < this.count && this.#compare(index, id) === 0 ? this.#ordinal(index) : undefined;
  }

  /** Entries in ascending order of ids, those above `after`. */
  *entries(after: Uint8Array | undefined): Iterable<IdEntry> {
    let index = after ? this.#lowerBound(after) : 0;
    if (after && index < this.count && this.#compare(index, after) === 0) index++;
    for (; index < this.count; index++)
      yield { id: this.#id(index), ordinal: this.#ordinal(index) };
  }

  /** Index of the first entry whose id is not below `id`. */
  #lowerBound(id: Uint8Array): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(index: number, id: Uint8Array): number {
    const at = index * uuidBytes;
    for (let byte = 0; byte < uuidBytes; byte++) {
      const difference = (this.#body[at + byte] as number) - (id[byte] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #id(index: number): Uint8Array {
    return this.#body.subarray(index * uuidBytes, (index + 1) * uuidBytes);
  }

  #ordinal(index: number): number {
    return this.#body.readUInt32LE(this.count * uuidBytes + index * ordinalBytes);
  }
}

/** Ids, 16 bytes each, with their ordinals. */
export interface PackedIds {
  readonly ids: Uint8Array;
  readonly ordinals: Uint32Array;
}

/** Of single rows, then of columns. */
export function packIds(entries: readonly IdEntry[], columns: RowColumns | undefined): PackedIds {
  const count = entries.length + columnCount(columns);
  const ids = new Uint8Array(count * uuidBytes);
  const ordinals = new Uint32Array(count);
  entries.forEach(({ id, ordinal }, index) => {
    ids.set(id, index * uuidBytes);
    ordinals[index] = ordinal;
  });
  if (columns) {
    ids.set(columns.ids, entries.length * uuidBytes);
    for (let index = entries.length; index < count; index++) {
      ordinals[index] = columns.firstOrdinal + index - entries.length;
    }
  }
  return { ids, ordinals };
}

/** The records of ids that differ, numbered from `firstRun` on. */
export function encodeRuns(
  arena: ByteArena,
  firstRun: number,
  { ids, ordinals }: PackedIds,
): TableWrite[] {
  const runs: TableWrite[] = [];
  for (let from = 0; from < ordinals.length; from += runEntriesMax) {
    const to = from + runEntriesMax;
    const part = {
      ids: ids.subarray(from * uuidBytes, to * uuidBytes),
      ordinals: ordinals.subarray(from, to),
    };
    runs.push(encodeRun(arena, numberKey(tags.run, firstRun + runs.length), part));
  }
  return runs;
}

function encodeRun(arena: ByteArena, key: Uint8Array, { ids, ordinals }: PackedIds): TableWrite {
  const order = sortedOrder(ids);
  return sealRecord(arena, key, order.length * entryBytes, (body, at) => {
    const ordinalsAt = at + order.length * uuidBytes;
    order.forEach((from, index) => {
      const target = at + index * uuidBytes;
      const source = from * uuidBytes;
      for (let byte = 0; byte < uuidBytes; byte++) {
        body[target + byte] = ids[source + byte] as number;
      }
      body.writeUInt32LE(ordinals[from] as number, ordinalsAt + index * ordinalBytes);
    });
  });
}

/**
 * Indexes of packed ids in their order. The first 36 bits of an id and its index make one
 * number each, as numbers sort much faster than byte strings; ids that share those bits are then
 * put right among themselves.
 */
function sortedOrder(ids: Uint8Array): Uint32Array {
  const count = ids.length / uuidBytes;
  assert(count <= runEntriesMax, "an index has 16 bits");
  const keys = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    keys[index] = prefixOf(ids, index * uuidBytes) * runEntriesMax + index;
  }
  keys.sort();
  const order = Uint32Array.from(keys, (key) => key % runEntriesMax);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && sharePrefix(keys[from] as number, keys[to] as number)) to++;
    if (to - from > 1) order.subarray(from, to).sort((a, b) => compareIds(ids, a, b));
    from = to;
  }
  return order;
}

function prefixOf(ids: Uint8Array, at: number): number {
  let prefix = 0;
  for (let byte = at; byte < at + 4; byte++) prefix = prefix * 256 + (ids[byte] as number);
  return prefix * 16 + ((ids[at + 4] as number) >>> 4);
}

function sharePrefix(a: number, b: number): boolean {
  return Math.floor(a / runEntriesMax) === Math.floor(b / runEntriesMax);
}

function compareIds(ids: Uint8Array, a: number, b: number): number {
  const idAt = (index: number): Uint8Array =>
    ids.subarray(index * uuidBytes, (index + 1) * uuidBytes);
  return Buffer.compare(idAt(a), idAt(b));
}
