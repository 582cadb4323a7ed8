/**
 * A memory of one thread's own in which k-means runs over records of rows: Lloyd's algorithm from a
 * k-means++ start (Arthur and Vassilvitskii, 2007). The same input and seed give the same result.
 *
 *     zeros | one vector | rows | centroids | numbers | scores | sums
 */
import { assert, DvespError, randomBelow, randomFraction, type Random } from "../../base/index.js";
import { pageBytes, segmentPagesMax } from "../row-layout.js";
import { instantiateLists, type ListKernels } from "./list-kernels.js";
import { header, listLayout } from "./list-layout.js";

export interface MeansOptions {
  /** Means wanted at most. */
  readonly count: number;
  /** Rounds of assigning and averaging. */
  readonly rounds: number;
  readonly random: Random;
}

/** Distances computed between two pauses: some milliseconds. */
const pairsPerStep = 100_000;

export class Workbench {
  readonly #codeBytes: number;
  readonly #stride: number;
  readonly #kernels: ListKernels;
  readonly #memory: WebAssembly.Memory;
  readonly #rowsBase: number;
  #rows = 0;
  #bytes: Uint8Array;
  #words: Uint32Array;
  #floats: Float32Array;

  constructor(dimension: number) {
    const { codeBytes, stride } = listLayout(dimension);
    this.#codeBytes = codeBytes;
    this.#stride = stride;
    this.#rowsBase = pageBytes + 8 * codeBytes;
    this.#memory = new WebAssembly.Memory({ initial: 2, maximum: segmentPagesMax, shared: true });
    this.#kernels = instantiateLists(this.#memory);
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#words[header.codeBytes / 4] = codeBytes;
    this.#words[header.stride / 4] = stride;
  }

  /** Forgets all rows, and makes room for `rows`, to be clustered into at most `count`. */
  clear(rows: number, count: number): void {
    this.#rows = 0;
    const needed =
      this.#rowsBase +
      (rows + count + 4) * this.#stride +
      8 * (rows + 4) +
      4 * count * this.#codeBytes;
    const pages = Math.ceil(needed / pageBytes) + 1 - this.#memory.buffer.byteLength / pageBytes;
    if (pages <= 0) return;
    try {
      this.#memory.grow(pages);
    } catch (cause) {
      throw new DvespError("STORAGE_FULL", "no memory left for clustering", { cause });
    }
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
    this.#floats = new Float32Array(this.#memory.buffer);
  }

  /** Adds a vector, scaled and centred as the index's are. */
  addVector(vector: Float32Array): void {
    const at = pageBytes + 4 * this.#codeBytes;
    this.#floats.fill(0, at / 4, at / 4 + this.#codeBytes);
    this.#floats.set(vector, at / 4);
    this.#kernels.encodeCentroid(at, this.#rowsBase + this.#rows++ * this.#stride, pageBytes);
  }

  /** Adds a copy of a record. */
  addRecord(bytes: Uint8Array): void {
    assert(bytes.length === this.#stride, "a record of the same dimension");
    const at = this.#rowsBase + this.#rows++ * this.#stride;
    this.#bytes.set(bytes, at);
    this.#kernels.measureRows(at, 1, this.#stride, this.#codeBytes);
  }

  /**
   * The means of clusters of the rows; fewer than wanted when rows repeat. Yields every few
   * milliseconds.
   */
  *means(options: MeansOptions): Generator<undefined, Float32Array[]> {
    let centroids = yield* this.#start(options);
    for (let round = 0; round < options.rounds; round++) {
      this.#place(centroids);
      yield* this.#assign(centroids.length);
      centroids = this.#average(centroids, options.random);
    }
    return centroids;
  }

  /** The number of the nearest of these centroids, for each row. */
  nearest(centroids: readonly Float32Array[]): Uint32Array {
    this.#place(centroids);
    this.#assignRange(0, this.#rows, centroids.length);
    return this.#words.slice(this.#numbers / 4, this.#numbers / 4 + this.#rows);
  }

  get #centroids(): number {
    return this.#rowsBase + this.#rows * this.#stride;
  }

  get #numbers(): number {
    return this.#sums - 8 * (this.#rows + 4);
  }

  /** At the end of the memory, where nothing else reaches. */
  get #sums(): number {
    return this.#bytes.length - pageBytes - 4 * this.#means * this.#codeBytes;
  }

  #means = 0;

  /** Rows far from those chosen are chosen with a chance that grows with the squared distance. */
  *#start({ count, random }: MeansOptions): Generator<undefined, Float32Array[]> {
    this.#means = count;
    const first = this.#numbers / 4;
    const scores = this.#floats.subarray(first, first + this.#rows);
    scores.fill(Infinity);
    const chosen: Float32Array[] = [];
    let next = randomBelow(random, this.#rows);
    while (chosen.length < Math.min(count, this.#rows)) {
      chosen.push(this.#vectorOf(next));
      this.#kernels.lowerScores(
        this.#rowsBase,
        this.#rows,
        this.#rowsBase + next * this.#stride,
        this.#stride,
        this.#codeBytes,
        this.#numbers,
      );
      if ((chosen.length * this.#rows) % pairsPerStep < this.#rows) yield;
      const found = drawn(scores, random);
      if (found === undefined) break;
      next = found;
    }
    return chosen;
  }

  /** What the code of a row stands for. */
  #vectorOf(row: number): Float32Array {
    const at = this.#rowsBase + row * this.#stride;
    const scale = this.#floats[(at + this.#codeBytes) / 4] as number;
    const codes = new Int8Array(this.#memory.buffer, at, this.#codeBytes);
    return Float32Array.from(codes, (code) => code * scale);
  }

  #place(centroids: readonly Float32Array[]): void {
    this.#means = centroids.length;
    const vector = pageBytes + 4 * this.#codeBytes;
    centroids.forEach((centroid, index) => {
      this.#floats.set(centroid, vector / 4);
      this.#kernels.encodeCentroid(vector, this.#centroids + index * this.#stride, pageBytes);
    });
  }

  *#assign(count: number): Generator<undefined, void> {
    const step = Math.max(1, Math.floor(pairsPerStep / count));
    for (let row = 0; row < this.#rows; row += step) {
      this.#assignRange(row, Math.min(step, this.#rows - row), count);
      yield;
    }
  }

  #assignRange(row: number, rows: number, count: number): void {
    const numbers = this.#numbers;
    this.#kernels.assignRows(
      this.#rowsBase + row * this.#stride,
      rows,
      this.#centroids,
      count,
      this.#stride,
      this.#codeBytes,
      numbers + 4 * row,
      numbers + 4 * (this.#rows + 4 + row),
    );
  }

  /** The mean of each cluster; an empty one begins again at a random row. */
  #average(centroids: readonly Float32Array[], random: Random): Float32Array[] {
    const sums = this.#sums;
    const counts = new Uint32Array(centroids.length);
    const numbers = this.#words.subarray(this.#numbers / 4, this.#numbers / 4 + this.#rows);
    for (const number of numbers) counts[number] = (counts[number] as number) + 1;
    this.#floats.fill(0, sums / 4, sums / 4 + centroids.length * this.#codeBytes);
    this.#kernels.accumulate(
      this.#rowsBase,
      this.#rows,
      this.#stride,
      this.#codeBytes,
      this.#numbers,
      sums,
    );
    return centroids.map((_, index) => {
      const count = counts[index] as number;
      if (count === 0) return this.#vectorOf(randomBelow(random, this.#rows));
      const first = sums / 4 + index * this.#codeBytes;
      return this.#floats.slice(first, first + this.#codeBytes).map((sum) => sum / count);
    });
  }
}

/** An index drawn with a chance proportional to its value; undefined when all are about 0. */
function drawn(values: Float32Array, random: Random): number | undefined {
  let total = 0;
  for (const value of values) total += Math.max(0, value);
  if (!(total > 1e-12)) return undefined;
  let left = randomFraction(random) * total;
  for (let index = 0; index < values.length; index++) {
    left -= Math.max(0, values[index] as number);
    if (left < 0) return index;
  }
  return values.length - 1;
}
