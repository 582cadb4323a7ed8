/**
 * The one that commits.
 *
 * Order: vectors are written and synced at ordinals that nobody refers to, and only then does one
 * transaction of the table refer to them. While the disk takes the vectors, the records are encoded.
 * Invariant: after a sync that failed (the kernel drops such pages and calls them clean) no commit is
 * accepted, until the next opening has cut off whatever the records do not refer to.
 */
import { assert, DvespError, toStorageError, type Disk } from "../base/index.js";
import { planCommit, vectorCount, type CommitPlan } from "./commit-plan.js";
import type { StoreHead } from "./records.js";
import type { CommitBatch } from "./row-store.js";
import type { Table } from "./table.js";
import type { VectorFiles } from "./vector-files.js";

export interface RowWriterParts {
  readonly disk: Disk;
  readonly directory: string;
  readonly table: Table;
  readonly vectors: VectorFiles;
  readonly head: StoreHead;
  /** Free bytes of the disk that commits leave alone. */
  readonly reserveBytes: number;
}

export class RowWriter {
  readonly #parts: RowWriterParts;
  #head: StoreHead;
  #committing: Promise<void> | undefined;
  /** Why no commit is accepted any more. */
  #broken: DvespError | undefined;

  constructor(parts: RowWriterParts) {
    this.#parts = parts;
    this.#head = parts.head;
  }

  /** As of the last commit that resolved. */
  get head(): StoreHead {
    return this.#head;
  }

  async commit(batch: CommitBatch): Promise<void> {
    assert(!this.#committing, "one commit at a time");
    if (this.#broken) {
      const why = `${this.#parts.directory} takes no writes until it is opened anew`;
      throw new DvespError("CLOSED", `${why}: ${this.#broken.message}`, { cause: this.#broken });
    }
    this.#committing = this.#commit(batch);
    try {
      await this.#committing;
    } finally {
      this.#committing = undefined;
    }
  }

  /** Waits for a commit under way. */
  async close(): Promise<void> {
    await this.#committing?.catch(() => undefined);
    await this.#parts.vectors.close();
  }

  async #commit(batch: CommitBatch): Promise<void> {
    await this.#checkRoom(batch);
    const [appended, planned] = await Promise.allSettled([
      this.#append(batch),
      Promise.resolve().then(() => this.#plan(batch)),
    ]);
    if (appended.status === "rejected") throw appended.reason;
    if (planned.status === "rejected") {
      await this.#undo();
      throw planned.reason;
    }
    await this.#sync();
    await this.#commitTable(planned.value);
    this.#head = planned.value.head;
  }

  async #checkRoom(batch: CommitBatch): Promise<void> {
    const { disk, directory, reserveBytes } = this.#parts;
    const free = await disk.freeBytes(directory);
    const wanted = (batch.vectors?.byteLength ?? 0) + metadataBytes(batch) + reserveBytes;
    if (free >= wanted) return;
    throw new DvespError(
      "STORAGE_FULL",
      `${directory}: ${free} bytes are free on its disk, ${wanted} are needed (${reserveBytes} stay in reserve)`,
    );
  }

  async #append(batch: CommitBatch): Promise<void> {
    if (vectorCount(batch.vectors, this.#head.dimension) === 0) return;
    try {
      await this.#parts.vectors.append(this.#head.nextOrdinal, batch.vectors as Float32Array);
    } catch (error) {
      await this.#undo();
      throw toStorageError(error, `appending vectors in ${this.#parts.directory}`);
    }
  }

  async #sync(): Promise<void> {
    try {
      await this.#parts.vectors.sync();
    } catch (error) {
      this.#broken = toStorageError(error, `sync failed in ${this.#parts.directory}`);
      throw this.#broken;
    }
  }

  #plan(batch: CommitBatch): CommitPlan {
    const before = this.#parts.table.snapshot();
    try {
      return planCommit(batch, this.#head, before);
    } finally {
      before.release();
    }
  }

  async #commitTable(plan: CommitPlan): Promise<void> {
    try {
      await this.#parts.table.commit(plan.writes);
    } catch (error) {
      const failure = toStorageError(error, `committing to ${this.#parts.directory}`);
      if (failure.code !== "STORAGE_FULL") this.#broken = failure;
      else await this.#undo();
      throw failure;
    }
  }

  #undo(): Promise<void> {
    return this.#parts.vectors.undo(this.#head.nextOrdinal);
  }
}

function metadataBytes(batch: CommitBatch): number {
  let sum = 0;
  for (const row of batch.puts) sum += row.metadata.length;
  return sum;
}
