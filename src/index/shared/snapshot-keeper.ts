/**
 * When snapshots of an index's graphs are written, and what becomes of them.
 *
 * A graph is written when it has grown by half since its last snapshot, when it is full, when it was
 * made anew, and, when no rows have come for a while, when it has grown by a tenth. So a row is written
 * about three times while rows come without rest, and a dozen times at most if they come in drops.
 * Nothing is taken in while a graph is copied to its file, chunk by chunk; putting the file in the
 * place of the last one goes on beside.
 */
import type { DvespError } from "../../base/index.js";
import { toDvespError } from "../../base/index.js";
import type { SharedSpec } from "../index-spec.js";
import type { BuilderOptions, IndexEvent } from "../vector-index.js";
import { graphFileBytes } from "./graph-file.js";
import type { GraphPart } from "./part.js";
import type { GraphParts } from "./parts.js";
import { GraphSnapshots, type RecallState, type RestoredPart } from "./snapshots.js";

const growth = 1.5;
const idleGrowth = 1.1;
/** Fewer rows than this are no reason to write while others wait. */
const growthRowsMin = 5000;
/** What is written at most when the builder is closed: some seconds on a slow disk. */
const closeBytesMax = 2 ** 30;

/** Parts of the index from its first on, as far as snapshots of these rows go. */
export interface RestoredParts extends RecallState {
  readonly parts: readonly GraphPart[];
}

export class SnapshotKeeper {
  readonly #options: BuilderOptions<SharedSpec>;
  readonly #rowsPerPart: number;
  readonly #snapshots: GraphSnapshots[] = [];
  /** By number of the part: what its newest snapshot holds, or what one had no room for. */
  readonly #saved: { part: GraphPart | undefined; count: number }[] = [];
  #sealing: Promise<void> = Promise.resolve();
  #isCopying = false;

  constructor(options: BuilderOptions<SharedSpec>, rowsPerPart: number) {
    this.#options = options;
    this.#rowsPerPart = rowsPerPart;
  }

  /** Whether a graph is being copied: then none may change. */
  get isCopying(): boolean {
    return this.#isCopying;
  }

  async restore(): Promise<RestoredParts> {
    const parts: GraphPart[] = [];
    let state: RecallState = { calibration: [], calibratedAt: 0 };
    for (let number = 0; number * this.#rowsPerPart < this.#options.rows.committed; number++) {
      const restored = await this.#restorePart(number);
      if (!restored) break;
      const { part, calibration, calibratedAt } = restored;
      parts.push(part);
      state = { calibration, calibratedAt };
      if (part.count < this.#rowsPerPart) break;
    }
    return { parts, ...state };
  }

  /** The part that should be written now, if there is one. */
  due(parts: GraphParts, isIdle: boolean): number | undefined {
    const index = parts.all.findIndex((part, number) => this.#isDue(part, number, isIdle));
    return index < 0 ? undefined : index;
  }

  /** Writes a part; a disk that is full or fails is told by an event. */
  async *write(parts: GraphParts, number: number, state: RecallState): AsyncGenerator<undefined> {
    const part = parts.all[number];
    if (!part) return;
    await this.#sealing;
    const snapshots = this.#snapshotsOf(number);
    const generation = snapshots.begin();
    const { held, end } = part;
    this.#isCopying = true;
    try {
      const copied = yield* snapshots.copy(generation, part);
      this.#sealing = snapshots.seal(generation, held, state, copied).then(
        () => this.#tellWritten(end, copied.bytes),
        (error: unknown) => this.#tellFailed(toDvespError(error)),
      );
    } catch (error) {
      this.#tellFailed(toDvespError(error));
    } finally {
      this.#isCopying = false;
    }
    this.#saved[number] = { part, count: held.count };
  }

  /** Writes what is not written yet, unless that takes long; resolves when nothing is under way. */
  async close(parts: GraphParts, state: RecallState): Promise<void> {
    for (const [number, part] of parts.all.entries()) {
      const saved = this.#savedOf(number);
      if (part.count === saved.count && (part === saved.part || part.count === 0)) continue;
      const bytes = graphFileBytes(part.graph, part.count);
      if (bytes > closeBytesMax) {
        this.#tell({ type: "index_snapshot_skipped", indexed_rows: part.end, bytes });
        continue;
      }
      const writing = this.write(parts, number, state);
      while ((await writing.next()).done !== true);
    }
    await this.#sealing;
  }

  #isDue(part: GraphPart, number: number, isIdle: boolean): boolean {
    const { part: saved, count } = this.#savedOf(number);
    if (saved !== undefined && saved !== part) return true;
    if (part.count === count) return false;
    if (part.count === this.#rowsPerPart) return true;
    if (isIdle) return part.count >= count * idleGrowth;
    return part.count >= Math.max(count * growth, count + growthRowsMin);
  }

  async #restorePart(number: number): Promise<RestoredPart | undefined> {
    const restored = await this.#snapshotsOf(number).restore();
    if (restored) this.#saved[number] = { part: restored.part, count: restored.part.count };
    return restored;
  }

  #savedOf(number: number): { readonly part: GraphPart | undefined; readonly count: number } {
    return this.#saved[number] ?? { part: undefined, count: 0 };
  }

  #snapshotsOf(number: number): GraphSnapshots {
    const first = number * this.#rowsPerPart;
    return (this.#snapshots[number] ??= new GraphSnapshots(this.#options, number, first));
  }

  #tellWritten(indexed_rows: number, bytes: number): void {
    this.#tell({ type: "index_snapshot_written", indexed_rows, bytes });
  }

  #tellFailed(error: DvespError): void {
    this.#tell({ type: "index_snapshot_failed", error: error.toPlain() });
  }

  #tell(event: IndexEvent): void {
    this.#options.onEvent?.(event);
  }
}
