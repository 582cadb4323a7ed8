/**
 * The table's twin in memory. Its state is a list of chunks that never change, so a snapshot is such
 * a list, and the state that a crash leaves is the list before a commit or the one after it.
 *
 * An empty file on the disk stands for it: a table is there as long as its file is, and is as slow as
 * the disk.
 */
import { join } from "node:path";
import { assert, diskErrorCode, type Disk, type DvespError } from "../base/index.js";
import {
  bytesOf,
  changed,
  chunkOf,
  copyOf,
  lowerBound,
  textOf,
  type Chunk,
  type Chunks,
} from "./memory-chunks.js";
import type { KeyRange, OpenTable, Table, TableEntry, TableSnapshot, TableWrite } from "./table.js";

/** One side of a commit: a crash may fall on either. */
export interface CommitPoint {
  readonly directory: string;
  readonly when: "before" | "after";
  readonly writes: readonly TableWrite[];
}

const fileName = "table.mem";

interface TableState {
  readonly directory: string;
  chunks: Chunks;
}

/** The tables by directory, as a disk holds files: they outlive those who open them. */
export class MemoryTables {
  readonly #states = new Map<string, TableState>();
  #failure: DvespError | undefined;
  /** Called on both sides of every commit. */
  onCommit: (point: CommitPoint) => void = () => undefined;

  readonly open: OpenTable = async (directory, disk, mode) => {
    const isNew = mode === "write" && (await makeFile(disk, join(directory, fileName)));
    if (isNew) this.#states.delete(directory);
    const state = this.#state(directory);
    return new MemoryTable(
      () => state.chunks,
      async (writes) => {
        await disk.freeBytes(directory);
        this.#commit(state, writes);
      },
    );
  };

  /** The next commit fails with `error`, and nothing of it happens. */
  failNextCommit(error: DvespError): void {
    this.#failure = error;
  }

  /** The tables that a power cut at this moment would leave. */
  crash(): MemoryTables {
    const left = new MemoryTables();
    for (const [directory, state] of this.#states) left.#states.set(directory, { ...state });
    return left;
  }

  /** Puts or removes one entry behind the back of whoever has the table open. */
  corrupt(directory: string, write: TableWrite): void {
    const state = this.#state(directory);
    state.chunks = changed(state.chunks, [write]);
  }

  #state(directory: string): TableState {
    const known = this.#states.get(directory);
    if (known) return known;
    const made = { directory, chunks: [] };
    this.#states.set(directory, made);
    return made;
  }

  #commit(state: TableState, writes: readonly TableWrite[]): void {
    const { directory } = state;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
    this.onCommit({ directory, when: "before", writes });
    state.chunks = changed(state.chunks, writes);
    this.onCommit({ directory, when: "after", writes });
  }
}

class MemoryTable implements Table {
  readonly #state: () => Chunks;
  readonly #apply: (writes: readonly TableWrite[]) => Promise<void>;
  readonly #snapshots = new Set<MemorySnapshot>();

  constructor(state: () => Chunks, apply: (writes: readonly TableWrite[]) => Promise<void>) {
    this.#state = state;
    this.#apply = apply;
  }

  commit(writes: readonly TableWrite[]): Promise<void> {
    return this.#apply(writes);
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

  has(key: Uint8Array): boolean {
    return this.get(key) !== undefined;
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

/** Whether it was not there. */
async function makeFile(disk: Disk, path: string): Promise<boolean> {
  try {
    await (await disk.open(path, "create")).close();
    return true;
  } catch (error) {
    if (diskErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}
