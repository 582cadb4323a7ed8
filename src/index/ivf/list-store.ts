/**
 * The lists of one index as their only writer sees them. Rows are appended to a list in place; all
 * else makes new lists beside those in use and then a new table, whose address is stored in one
 * piece. A search reads one table throughout: it meets the lists before a change or those after it.
 */
import { assert, present, type Random } from "../../base/index.js";
import type { IvfSpec } from "../index-spec.js";
import { ChunkPool } from "./chunk-pool.js";
import { chunk, header, ordinalField, slot, table, tableBuffers } from "./list-layout.js";
import { ListMemory } from "./list-memory.js";

/** One list: the record of its centroid, and chunks in the order in which they are linked. */
export interface RowList {
  readonly centroid: number;
  readonly chunks: number[];
  rows: number;
}

/** Where a row's record lies, and which row it is. */
export interface PlacedRow {
  readonly record: number;
  readonly ordinal: number;
}

export class ListStore {
  readonly memory: ListMemory;
  readonly #pool: ChunkPool;
  /** In the order of the table. */
  #lists: readonly RowList[] = [];
  #table = 0;

  private constructor(memory: ListMemory) {
    this.memory = memory;
    this.#pool = new ChunkPool(memory, tableBuffers);
  }

  /** One empty list around `mean`. Errors: `STORAGE_FULL`. */
  static create(spec: IvfSpec, scratchSlot: number, random?: Random): ListStore {
    const store = new ListStore(ListMemory.create(spec, scratchSlot, random));
    const zero = new Float32Array(store.memory.layout.codeBytes);
    const list = present(store.makeList(zero), "memory for the first list");
    const address = present(store.draft(zero, [list]), "the first table");
    store.replace(address, [list]);
    return store;
  }

  get lists(): readonly RowList[] {
    return this.#lists;
  }

  get table(): number {
    return this.#table;
  }

  get rows(): number {
    let rows = 0;
    for (const list of this.#lists) rows += list.rows;
    return rows;
  }

  get chunkBytes(): number {
    return this.#pool.chunkBytes;
  }

  /** Whether a table can be made now; otherwise searches are still reading old ones. */
  get canDraft(): boolean {
    return this.#pool.hasTable;
  }

  /** What the rows of a table are centred by: a view. */
  meanOf(address: number): Float32Array {
    const first = (address + table.mean) / 4;
    return this.memory.floats.subarray(first, first + this.memory.layout.codeBytes);
  }

  /** Changes what rows are centred by; only while there are none. */
  centre(mean: Float32Array): void {
    assert(this.rows === 0, "codes are centred before there are any");
    this.meanOf(this.#table).set(mean);
  }

  /**
   * Appends a row to the list that it belongs to: at once in all searches that allow its ordinal.
   * Its squared distance from the centroid, or undefined when there is no memory.
   */
  add(ordinal: number, vector: Float32Array): number | undefined {
    const { memory } = this;
    const entry = this.encode(vector, this.#table);
    const list = this.#lists[entry] as RowList;
    const record = memory.scratch + slot.record;
    if (!this.append(list, { record, ordinal })) return undefined;
    return memory.floats[(memory.scratch + slot.nearestScore) / 4];
  }

  /** Encodes a vector in the scratch slot; the entry of a table that it belongs to. */
  encode(vector: Float32Array, address: number): number {
    const { kernels, scratch } = this.memory;
    this.memory.load(vector);
    kernels.encodeRow(scratch, address);
    return kernels.nearestCentroid(scratch + slot.record, address, scratch);
  }

  /** Whether there was memory for the row. */
  append(list: RowList, { record, ordinal }: PlacedRow): boolean {
    const { chunkRows } = this.memory.layout;
    const held = list.rows - (list.chunks.length - 1) * chunkRows;
    if (held === chunkRows && !this.#extend(list)) return false;
    this.memory.kernels.appendRow(record, ordinal, list.chunks.at(-1) as number);
    list.rows++;
    return true;
  }

  /** What a list lies around. */
  centroidOf({ centroid }: RowList): Float32Array {
    const { memory, floats, layout } = this.memory;
    const scale = floats[(centroid + layout.codeBytes) / 4] as number;
    return Float32Array.from(
      new Int8Array(memory.buffer, centroid, layout.codeBytes),
      (code) => code * scale,
    );
  }

  /** The bytes of a record, to be copied at once. */
  bytesOf(record: number): Uint8Array {
    return new Uint8Array(this.memory.memory.buffer, record, this.memory.layout.stride);
  }

  /** All lists, nearest to this one first; without itself. */
  neighboursOf(list: RowList): RowList[] {
    const { kernels, scratch, words } = this.memory;
    const keys = scratch + slot.lists;
    kernels.rankLists(list.centroid, this.#table, keys);
    return this.#lists
      .map((other, index) => ({ other, score: words[keys / 4 + 2 * index + 1] as number }))
      .sort((left, right) => left.score - right.score)
      .map(({ other }) => other)
      .filter((other) => other !== list);
  }

  /** A list that no search knows yet, around a centred vector; undefined when there is no memory. */
  makeList(centroid: Float32Array): RowList | undefined {
    const address = this.#pool.takeCentroid();
    const first = address === undefined ? undefined : this.#pool.takeChunk();
    if (address === undefined || first === undefined) {
      if (address !== undefined) this.#pool.giveBack([], [address]);
      return undefined;
    }
    this.#encodeCentroid(centroid, address);
    return { centroid: address, chunks: [first], rows: 0 };
  }

  /** An empty list that no search knows yet, around a centroid whose record was kept. */
  restoreList(record: Uint8Array): RowList | undefined {
    const address = this.#pool.takeCentroid();
    const first = address === undefined ? undefined : this.#pool.takeChunk();
    if (address === undefined || first === undefined) return undefined;
    this.bytesOf(address).set(record);
    return { centroid: address, chunks: [first], rows: 0 };
  }

  /** An empty list that no search knows yet, around the centroid of another. */
  remakeList({ centroid }: RowList): RowList | undefined {
    const first = this.#pool.takeChunk();
    return first === undefined ? undefined : { centroid, chunks: [first], rows: 0 };
  }

  /** A table that is not in use yet; undefined while searches still read all others. */
  draft(mean: Float32Array, lists: readonly RowList[]): number | undefined {
    const address = this.#pool.takeTable();
    if (address === undefined) return undefined;
    this.meanOf(address).set(mean);
    this.#fill(address, lists);
    return address;
  }

  /** Puts a draft in use, with these lists; what it does not contain is given back in time. */
  replace(address: number, lists: readonly RowList[]): void {
    this.#fill(address, lists);
    const before = this.#table;
    const old = this.#lists;
    Atomics.store(this.memory.words, header.table / 4, address);
    this.#table = address;
    this.#lists = lists;
    if (before === 0) return;
    const { chunks, centroids } = onlyIn(old, lists);
    this.#pool.retire(chunks, centroids, before);
  }

  /** Gives back lists that no search has known, and the draft that they were for. */
  abandon(address: number | undefined, made: readonly RowList[]): void {
    const { chunks, centroids } = onlyIn(made, this.#lists);
    this.#pool.giveBack(chunks, centroids, address);
  }

  /** The rows of a list, from its row number `from` on. */
  *rowsOf({ chunks, rows }: RowList, from = 0): Generator<PlacedRow> {
    const { chunkRows, stride, codeBytes } = this.memory.layout;
    for (let at = from; at < rows; at++) {
      const first = chunks[Math.floor(at / chunkRows)] as number;
      const record = first + chunk.records + (at % chunkRows) * stride;
      const ordinal = this.memory.words[(record + codeBytes + ordinalField) / 4] as number;
      yield { record, ordinal };
    }
  }

  #extend(list: RowList): boolean {
    const next = this.#pool.takeChunk();
    if (next === undefined) return false;
    Atomics.store(this.memory.words, (list.chunks.at(-1) as number) / 4 + chunk.next / 4, next);
    list.chunks.push(next);
    return true;
  }

  #fill(address: number, lists: readonly RowList[]): void {
    const { words, layout } = this.memory;
    words[(address + table.count) / 4] = lists.length;
    let at = (address + table.mean + 4 * layout.codeBytes) / 4;
    for (const { centroid, chunks } of lists) {
      words[at++] = centroid;
      words[at++] = chunks[0] as number;
    }
  }

  /** Through the scratch slot, whose record is zeroed for the centre and then overwritten. */
  #encodeCentroid(centroid: Float32Array, address: number): void {
    const { kernels, scratch, floats, layout } = this.memory;
    const { codeBytes } = layout;
    const vector = (scratch + slot.vector) / 4;
    const zeros = (scratch + slot.pool) / 4;
    floats.fill(0, vector, vector + codeBytes);
    floats.set(centroid, vector);
    floats.fill(0, zeros, zeros + codeBytes);
    kernels.encodeCentroid(scratch + slot.vector, address, scratch + slot.pool);
  }
}

/** Chunks and centroids that the one set of lists has and the other has not. */
function onlyIn(
  lists: readonly RowList[],
  others: readonly RowList[],
): { readonly chunks: number[]; readonly centroids: number[] } {
  const kept = new Set(others);
  const keptCentroids = new Set(others.map(({ centroid }) => centroid));
  const gone = lists.filter((list) => !kept.has(list));
  return {
    chunks: gone.flatMap(({ chunks }) => chunks),
    centroids: [...new Set(gone.map(({ centroid }) => centroid))].filter(
      (centroid) => !keptCentroids.has(centroid),
    ),
  };
}
