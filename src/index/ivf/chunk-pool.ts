/**
 * Places in a memory that are given out, taken back, and given out again only when no search can
 * still read them: each search says which epoch it reads, and what was taken back in an epoch waits
 * until no search reads that one or an older one.
 */
import { scratchSlots, pageBytes } from "../row-layout.js";
import { header, slot } from "./list-layout.js";
import type { ListMemory } from "./list-memory.js";

interface Retired {
  readonly epoch: number;
  readonly chunks: readonly number[];
  readonly centroids: readonly number[];
  readonly table: number;
}

export class ChunkPool {
  readonly #memory: ListMemory;
  readonly #chunks: number[] = [];
  readonly #centroids: number[] = [];
  readonly #tables: number[] = [];
  #retired: Retired[] = [];
  #chunksEnd: number;
  #centroidsEnd: number;

  constructor(memory: ListMemory, tables: number) {
    const { chunksBase, centroidsBase, tablesBase, tableBytes } = memory.layout;
    this.#memory = memory;
    this.#chunksEnd = chunksBase;
    this.#centroidsEnd = centroidsBase;
    for (let index = 0; index < tables; index++) {
      this.#tables.push(tablesBase + index * tableBytes);
    }
  }

  /** Bytes of chunks that are or were in use. */
  get chunkBytes(): number {
    return this.#chunksEnd - this.#memory.layout.chunksBase;
  }

  /** An empty chunk, or undefined when there is no memory. */
  takeChunk(): number | undefined {
    const { words, layout } = this.#memory;
    const used = this.#chunks.pop();
    if (used !== undefined) {
      words[used / 4] = 0;
      words[used / 4 + 1] = 0;
      return used;
    }
    const fresh = this.#chunksEnd;
    if (!this.#memory.reach(fresh + layout.chunkBytes)) return undefined;
    this.#chunksEnd += layout.chunkBytes;
    return fresh;
  }

  takeCentroid(): number | undefined {
    const used = this.#centroids.pop();
    if (used !== undefined) return used;
    const { chunksBase, stride } = this.#memory.layout;
    if (this.#centroidsEnd + stride > chunksBase) return undefined;
    const fresh = this.#centroidsEnd;
    this.#centroidsEnd += stride;
    return fresh;
  }

  /** Whether a table can be taken now: searches may still read all others. */
  get hasTable(): boolean {
    this.reclaim();
    return this.#tables.length > 0;
  }

  takeTable(): number | undefined {
    this.reclaim();
    return this.#tables.pop();
  }

  /** Takes back what no search has ever seen. */
  giveBack(chunks: readonly number[], centroids: readonly number[], table?: number): void {
    this.#chunks.push(...chunks);
    this.#centroids.push(...centroids);
    if (table !== undefined) this.#tables.push(table);
  }

  /** Takes back what was in use until now, after its table was replaced: begins a new epoch. */
  retire(chunks: readonly number[], centroids: readonly number[], table: number): void {
    const { words } = this.#memory;
    const epoch = Atomics.load(words, header.epoch / 4);
    Atomics.store(words, header.epoch / 4, epoch + 1);
    this.#retired.push({ epoch, chunks, centroids, table });
    this.reclaim();
  }

  /** Makes available what no search reads any more. */
  reclaim(): void {
    if (this.#retired.length === 0) return;
    const oldest = this.#oldestRead();
    const waiting = this.#retired.filter(({ epoch }) => epoch >= oldest);
    for (const { epoch, chunks, centroids, table } of this.#retired) {
      if (epoch < oldest) this.giveBack(chunks, centroids, table);
    }
    this.#retired = waiting;
  }

  #oldestRead(): number {
    const { words, layout } = this.#memory;
    let oldest = Infinity;
    for (let index = 0; index < scratchSlots; index++) {
      const at = (pageBytes + index * layout.slotBytes + slot.reading) / 4;
      const epoch = Atomics.load(words, at);
      if (epoch !== 0) oldest = Math.min(oldest, epoch);
    }
    return oldest;
  }
}
