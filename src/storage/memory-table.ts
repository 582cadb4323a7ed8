/**
 * The table's twin in memory. Entries stand in chunks that never change: a commit makes anew the few
 * it touches, so a snapshot is a list of chunks, and the state a crash leaves is one of two lists.
 */
import { assert, DvespError } from "../base/index.js";
import type { KeyRange, OpenTable, Table, TableEntry, TableSnapshot, TableWrite } from "./table.js";

/** Keys as Latin-1 text, which sorts as the bytes do. */
interface Chunk {
  readonly keys: readonly string[];
  readonly values: readonly Uint8Array[];
}

type Chunks = readonly Chunk[];

const chunkEntriesMax = 256;

/** One side of a commit: a crash may fall on either. */
export interface CommitPoint {
  readonly directory: string;
  readonly when: "before" | "after";
}

/** The tables by directory, as a disk holds files: they outlive those who open them. */
export class MemoryTables {
  readonly #states = new Map<string, Chunks>();
  #failure: DvespError | undefined;
  /** Called on both sides of every commit. */
  onCommit: (point: CommitPoint) => void = () => undefined;

  readonly open: OpenTable = (directory) =>
    Promise.resolve(
      new MemoryTable(
        () => this.#state(directory),
        (writes) => {
          this.#commit(directory, writes);
        },
      ),
    );

  /** The next commit fails with `error`, and nothing of it happens. */
  failNextCommit(error: DvespError): void {
    this.#failure = error;
  }

  /** The tables that a power cut at this moment would leave. */
  crash(): MemoryTables {
    const left = new MemoryTables();
    for (const [directory, chunks] of this.#states) left.#states.set(directory, chunks);
    return left;
  }

  /** Puts or removes one entry behind the back of whoever has the table open. */
  corrupt(directory: string, write: TableWrite): void {
    this.#states.set(directory, changed(this.#state(directory), [write]));
  }

  #state(directory: string): Chunks {
    return this.#states.get(directory) ?? [];
  }

  #commit(directory: string, writes: readonly TableWrite[]): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
    this.onCommit({ directory, when: "before" });
    this.#states.set(directory, changed(this.#state(directory), writes));
    this.onCommit({ directory, when: "after" });
  }
}

class MemoryTable implements Table {
  readonly #state: () => Chunks;
  readonly #apply: (writes: readonly TableWrite[]) => void;
  readonly #snapshots = new Set<MemorySnapshot>();

  constructor(state: () => Chunks, apply: (writes: readonly TableWrite[]) => void) {
    this.#state = state;
    this.#apply = apply;
  }

  async commit(writes: readonly TableWrite[]): Promise<void> {
    await Promise.resolve();
    this.#apply(writes);
  }

  snapshot(): TableSnapshot {
    const snapshot = new MemorySnapshot(this.#state());
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  bytes(): number {
    let sum = 0;
    for (const chunk of this.#state()) {
      for (const key of chunk.keys) sum += key.length;
      for (const value of chunk.values) sum += value.length;
    }
    return sum;
  }

  close(): Promise<void> {
    for (const snapshot of this.#snapshots) snapshot.release();
    return Promise.resolve();
  }
}

class MemorySnapshot implements TableSnapshot {
  readonly #chunks: Chunks;
  #released = false;

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#check();
    const text = textOf(key);
    const chunk = this.#chunks[chunkOf(this.#chunks, text)];
    const at = chunk ? lowerBound(chunk.keys, text) : 0;
    return chunk?.keys[at] === text ? copyOf(chunk.values[at] as Uint8Array) : undefined;
  }

  *entries({ from, to }: KeyRange): Iterable<TableEntry> {
    const [first, end] = [textOf(from), textOf(to)];
    for (let index = chunkOf(this.#chunks, first); index < this.#chunks.length; index++) {
      const { keys, values } = this.#chunks[index] as Chunk;
      for (let at = lowerBound(keys, first); at < keys.length; at++) {
        const key = keys[at] as string;
        if (key >= end) return;
        this.#check();
        yield { key: bytesOf(key), value: copyOf(values[at] as Uint8Array) };
      }
    }
  }

  *keys(range: KeyRange): Iterable<Uint8Array> {
    for (const entry of this.entries(range)) yield entry.key;
  }

  release(): void {
    this.#released = true;
  }

  #check(): void {
    assert(!this.#released, "read of a released snapshot");
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Not `slice`, which of a Buffer is a view. */
function copyOf(value: Uint8Array): Uint8Array {
  return new Uint8Array(value);
}

/** Index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first chunk whose last key is not below `key`. */
function chunkOf(chunks: Chunks, key: string): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (((chunks[middle] as Chunk).keys.at(-1) as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `chunks` with `writes` applied in order; chunks that none of them touches are kept. */
function changed(chunks: Chunks, writes: readonly TableWrite[]): Chunks {
  const last = new Map<string, Uint8Array | undefined>();
  for (const { key, value } of writes) last.set(textOf(key), value && copyOf(value));
  const byChunk = new Map<number, [string, Uint8Array | undefined][]>();
  for (const change of [...last].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const index = Math.min(chunkOf(chunks, change[0]), Math.max(0, chunks.length - 1));
    const group = byChunk.get(index);
    if (group) group.push(change);
    else byChunk.set(index, [change]);
  }
  if (chunks.length === 0) return split(merged({ keys: [], values: [] }, byChunk.get(0) ?? []));
  return chunks.flatMap((chunk, index) => {
    const changes = byChunk.get(index);
    return changes ? split(merged(chunk, changes)) : [chunk];
  });
}

function merged(chunk: Chunk, changes: readonly [string, Uint8Array | undefined][]): Chunk {
  const keys: string[] = [];
  const values: Uint8Array[] = [];
  let at = 0;
  const keepBelow = (end: number): void => {
    for (; at < end; at++) {
      keys.push(chunk.keys[at] as string);
      values.push(chunk.values[at] as Uint8Array);
    }
  };
  for (const [key, value] of changes) {
    keepBelow(lowerBound(chunk.keys, key));
    if (chunk.keys[at] === key) at++;
    if (!value) continue;
    keys.push(key);
    values.push(value);
  }
  keepBelow(chunk.keys.length);
  return { keys, values };
}

function split({ keys, values }: Chunk): Chunk[] {
  const parts: Chunk[] = [];
  for (let at = 0; at < keys.length; at += chunkEntriesMax) {
    const end = at + chunkEntriesMax;
    parts.push({ keys: keys.slice(at, end), values: values.slice(at, end) });
  }
  return parts;
}
