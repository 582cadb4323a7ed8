/**
 * The one that commits.
 *
 * Order: vectors are written and synced at ordinals that nobody refers to, and only then does one
 * transaction of the table refer to them. While the disk takes the vectors, the caller prepares the
 * rest of the batch and the records are encoded.
 * Invariant: after a sync that failed (the kernel drops such pages and calls them clean) no commit is
 * accepted, until the next opening has cut off whatever the records do not refer to.
 */
import { assert, DvespError, toStorageError, uuidBytes, type Disk } from "../base/index.js";
import { planCommit, vectorCount, type CommitPlan } from "./commit-plan.js";
import { dropEmptyFile, sparseRange } from "./file-drop.js";
import type { IdFilter } from "./id-filter.js";
import { IdMerger, type IdRunLimits } from "./id-merge.js";
import type { IdRuns } from "./id-runs.js";
import type { StoreHead } from "./records.js";
import type { CommitBatch, OrdinalRange } from "./row-store.js";
import type { Table } from "./table.js";
import type { VectorFiles } from "./vector-files.js";
import type { VectorLayout } from "./vector-layout.js";

export interface RowWriterParts {
  readonly disk: Disk;
  readonly directory: string;
  readonly table: Table;
  readonly vectors: VectorFiles;
  readonly layout: VectorLayout;
  readonly head: StoreHead;
  /** Free bytes of the disk that commits leave alone. */
  readonly reserveBytes: number;
  readonly idRuns: IdRunLimits;
  readonly runs: IdRuns;
  /** Every id and tombstone of the table. */
  readonly filter: IdFilter;
}

/** Vectors on their way to the disk, for the next commit. */
interface Staged {
  readonly vectors: Float32Array | undefined;
  /** Resolves when they are written: from then on the disk needs nobody's attention to bring them in. */
  readonly written: Promise<unknown>;
  /** Resolves with the room that was free beyond them and the reserve. */
  readonly synced: Promise<number>;
}

/** With so much room beyond vectors and reserve, that for small records is not looked for again. */
const ampleBytes = 64 * 1024 * 1024;

export class RowWriter {
  readonly #parts: RowWriterParts;
  readonly #merger: IdMerger;
  #head: StoreHead;
  #staged: Staged | undefined;
  #working: Promise<unknown> | undefined;
  /** No full file is sparse, as far as rows have gone and files have become full since one was looked for. */
  #isDense = false;
  /** Why no commit is accepted any more. */
  #broken: DvespError | undefined;

  constructor(parts: RowWriterParts) {
    this.#parts = parts;
    this.#head = parts.head;
    this.#merger = new IdMerger(parts.table, parts.runs, parts.idRuns);
  }

  /** As of the last commit that resolved. */
  get head(): StoreHead {
    return this.#head;
  }

  /** Begins to write and sync the vectors of the next commit. */
  stage(vectors: Float32Array): void {
    assert(!this.#staged && !this.#working, "one batch is staged, between commits");
    this.#staged = this.#begin(vectors);
  }

  commit(batch: CommitBatch, onReady: () => void): Promise<void> {
    return this.#alone(() => this.#commit(batch, onReady));
  }

  /** See `RowStore.maintain`. */
  maintain(): Promise<boolean> {
    return this.#alone(async () => {
      assert(!this.#staged, "upkeep does not run while a batch is staged");
      try {
        const head = await this.#merger.step(this.#head);
        this.#head = head ?? this.#head;
        if (head !== undefined) return true;
        return !this.#isDense && (await dropEmptyFile(this.#parts, this.#head));
      } catch (error) {
        return await this.#failed(error);
      }
    });
  }

  /** See `RowStore.sparseRange`. */
  sparseRange(): OrdinalRange | undefined {
    if (this.#isDense) return undefined;
    const range = sparseRange(this.#parts.table, this.#head);
    this.#isDense = range === undefined;
    return range;
  }

  /** Waits for a commit under way. */
  async close(): Promise<void> {
    await this.#working?.catch(() => undefined);
    await this.#staged?.synced.catch(() => undefined);
    await this.#parts.vectors.close();
  }

  async #alone<T>(task: () => Promise<T>): Promise<T> {
    assert(!this.#working, "one commit at a time");
    if (this.#broken) {
      const why = `${this.#parts.directory} takes no writes until it is opened anew`;
      throw new DvespError("CLOSED", `${why}: ${this.#broken.message}`, { cause: this.#broken });
    }
    const working = task();
    this.#working = working;
    try {
      return await working;
    } finally {
      this.#working = undefined;
    }
  }

  async #commit(batch: CommitBatch, onReady: () => void): Promise<void> {
    const staged = this.#takeStaged(batch);
    // Before that, planning would keep this thread from asking for the sync.
    const [synced, planned] = await Promise.allSettled([
      this.#synced(staged, batch),
      staged.written.then(() => this.#plan(batch)),
    ]);
    if (synced.status === "rejected") throw synced.reason;
    if (planned.status === "rejected") {
      await this.#undo();
      throw planned.reason;
    }
    onReady();
    await this.#commitTable(planned.value);
    const before = this.#head;
    this.#head = planned.value.head;
    if (batch.removes.length > 0 || fullFiles(before) < fullFiles(this.#head))
      this.#isDense = false;
  }

  #takeStaged(batch: CommitBatch): Staged {
    const staged = this.#staged ?? this.#begin(batch.vectors);
    this.#staged = undefined;
    assert(staged.vectors === batch.vectors, "the vectors that were staged");
    return staged;
  }

  /** Resolves when the vectors of `batch` are durable, and there is room for the rest of it. */
  async #synced(staged: Staged, batch: CommitBatch): Promise<void> {
    const spareBytes = await staged.synced;
    const bytes = recordBytes(batch);
    if (spareBytes >= bytes + ampleBytes) return;
    try {
      await this.#checkRoom(bytes);
    } catch (error) {
      await this.#undo();
      throw error;
    }
  }

  #begin(vectors: Float32Array | undefined): Staged {
    if (this.#broken) return { vectors, written: Promise.resolve(), synced: Promise.resolve(0) };
    const written = this.#write(vectors);
    const hasRows = (vectors?.length ?? 0) > 0;
    const synced = written.then(async (spareBytes) => {
      if (hasRows) await this.#sync();
      return spareBytes;
    });
    synced.catch(() => undefined); // The commit tells.
    return { vectors, written, synced };
  }

  /** As `#checkRoom` did before. */
  async #write(vectors: Float32Array | undefined): Promise<number> {
    const spareBytes = await this.#checkRoom(vectors?.byteLength ?? 0);
    if (vectors && vectorCount(vectors, this.#head.dimension) > 0) await this.#append(vectors);
    return spareBytes;
  }

  /** Bytes that are free beyond so many and the reserve. Errors: `STORAGE_FULL`. */
  async #checkRoom(bytes: number): Promise<number> {
    const { disk, directory, reserveBytes } = this.#parts;
    const free = await disk.freeBytes(directory);
    const wanted = bytes + reserveBytes;
    if (free >= wanted) return free - wanted;
    throw new DvespError(
      "STORAGE_FULL",
      `${directory}: ${free} bytes are free on its disk, ${wanted} are needed (${reserveBytes} stay in reserve)`,
    );
  }

  async #append(vectors: Float32Array): Promise<void> {
    try {
      await this.#parts.vectors.append(this.#head.nextOrdinal, vectors);
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
    const { table, filter } = this.#parts;
    const { runIdsMin } = this.#parts.idRuns;
    const before = table.snapshot();
    try {
      const plan = planCommit({ batch, head: this.#head, before, runIdsMin });
      for (const { id } of batch.puts) filter.add(id);
      const { ids = new Uint8Array(0) } = batch.columns ?? {};
      for (let at = 0; at < ids.length; at += uuidBytes) filter.add(ids, at);
      for (const { id } of batch.tombstones) filter.add(id);
      return plan;
    } finally {
      before.release();
    }
  }

  async #commitTable(plan: CommitPlan): Promise<void> {
    await this.#parts.table.commit(plan.writes).catch((error: unknown) => this.#failed(error));
  }

  /** What a failed transaction means. */
  async #failed(error: unknown): Promise<never> {
    const failure = toStorageError(error, `committing to ${this.#parts.directory}`);
    if (failure.code !== "STORAGE_FULL") this.#broken = failure;
    else await this.#undo();
    throw failure;
  }

  #undo(): Promise<void> {
    return this.#parts.vectors.undo(this.#head.nextOrdinal);
  }
}

function fullFiles({ nextOrdinal, rowsPerFile }: StoreHead): number {
  return Math.floor(nextOrdinal / rowsPerFile);
}

/** What the records of a batch hold beyond their own shape. */
function recordBytes(batch: CommitBatch): number {
  let sum = batch.columns?.metadata.data.length ?? 0;
  for (const row of batch.puts) sum += row.metadata.length;
  for (const { stage } of batch.stages ?? []) sum += stage?.body.length ?? 0;
  return sum;
}
