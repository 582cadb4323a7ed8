/** The row store over a table and vector files, whichever they are; the writer's has a `RowWriter`. */
import { assert, DvespError, present, toStorageError, type Disk } from "../base/index.js";
import { droppedFiles } from "./file-records.js";
import type { IdFilter } from "./id-filter.js";
import type { IdRuns } from "./id-runs.js";
import { TableRowSnapshot } from "./row-snapshot.js";
import type { CommitBatch, OrdinalRange, RowSnapshot, RowStore, VectorSink } from "./row-store.js";
import type { RowWriter } from "./row-writer.js";
import type { Table } from "./table.js";
import type { VectorLayout } from "./vector-layout.js";
import { readVectors } from "./vector-reader.js";

export interface StoreParts {
  readonly disk: Disk;
  readonly directory: string;
  readonly table: Table;
  readonly layout: VectorLayout;
  readonly runs: IdRuns;
  /** Absent in a store that only reads. */
  readonly writing: { readonly writer: RowWriter; readonly filter: IdFilter } | undefined;
}

export class TableRowStore implements RowStore {
  readonly #parts: StoreParts;
  #closed = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  get dimension(): number {
    return this.#parts.layout.dimension;
  }

  get nextOrdinal(): number {
    return this.#newest((state) => state.nextOrdinal);
  }

  get rows(): number {
    return this.#newest((state) => state.rows);
  }

  get appliedVersion(): string {
    return this.#newest((state) => state.appliedVersion);
  }

  stageVectors(vectors: Float32Array): void {
    this.#writer().stage(vectors);
  }

  async commit(batch: CommitBatch, onReady: () => void = () => undefined): Promise<void> {
    await this.#writer().commit(batch, onReady);
  }

  async maintain(): Promise<boolean> {
    return this.#writer().maintain();
  }

  sparseRange(): OrdinalRange | undefined {
    return this.#writer().sparseRange();
  }

  snapshot(): RowSnapshot {
    this.#checkOpen();
    const { table, runs, writing } = this.#parts;
    return new TableRowSnapshot(table.snapshot(), runs, writing?.filter);
  }

  async loadVectors(firstOrdinal: number, count: number, sink: VectorSink): Promise<void> {
    this.#checkOpen();
    assert(firstOrdinal >= 0 && count >= 0, "ordinals are not negative");
    assert(firstOrdinal + count <= this.nextOrdinal, "vectors that are committed");
    try {
      const dropped = this.#droppedFiles();
      await readVectors({ ...this.#parts, dropped }, firstOrdinal, count, sink);
    } catch (error) {
      throw toStorageError(error, `reading vectors of ${this.#parts.directory}`);
    }
  }

  bytes(): { vectors_disk: number; rows_disk: number } {
    this.#checkOpen();
    return {
      vectors_disk: this.#parts.layout.totalBytes(this.nextOrdinal, this.#droppedFiles().size),
      rows_disk: this.#parts.table.bytes(),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#parts.writing?.writer.close();
    await this.#parts.table.close();
  }

  #droppedFiles(): ReadonlySet<number> {
    const snapshot = this.#parts.table.snapshot();
    try {
      return droppedFiles(snapshot);
    } finally {
      snapshot.release();
    }
  }

  #newest<T>(read: (state: { nextOrdinal: number; rows: number; appliedVersion: string }) => T): T {
    const { writing } = this.#parts;
    if (writing) return read(writing.writer.head);
    const snapshot = this.snapshot();
    try {
      return read(snapshot);
    } finally {
      snapshot.release();
    }
  }

  #writer(): RowWriter {
    this.#checkOpen();
    return present(this.#parts.writing, "writer: a store opened for reading does not commit")
      .writer;
  }

  #checkOpen(): void {
    if (this.#closed) throw new DvespError("CLOSED", `${this.#parts.directory} is closed`);
  }
}
