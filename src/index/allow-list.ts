/**
 * The rows that a filter admits: one bit per ordinal in 32-bit words, the form in which an index
 * tests rows during a walk and in which a kernel can read it from shared memory.
 */
import { assert } from "../base/index.js";

export class AllowList {
  #words: Uint32Array;
  #count: number;

  private constructor(words: Uint32Array, count: number) {
    this.#words = words;
    this.#count = count;
  }

  /** Admits nothing yet, of ordinals below `capacity`. */
  static empty(capacity: number): AllowList {
    return new AllowList(new Uint32Array(Math.ceil(capacity / 32)), 0);
  }

  /** Bit `o % 32` of word `o / 32` stands for ordinal `o`. The words are not copied. */
  static fromWords(words: Uint32Array): AllowList {
    let count = 0;
    for (const word of words) count += bitsOf(word);
    return new AllowList(words, count);
  }

  static of(ordinals: Iterable<number>, capacity: number): AllowList {
    const list = AllowList.empty(capacity);
    for (const ordinal of ordinals) list.set(ordinal);
    return list;
  }

  get words(): Uint32Array {
    return this.#words;
  }

  /** Ordinals admitted. */
  get count(): number {
    return this.#count;
  }

  set(ordinal: number): void {
    const index = ordinal >>> 5;
    assert(index < this.#words.length, "ordinal within the list");
    const before = this.#words[index] as number;
    const after = (before | (1 << (ordinal & 31))) >>> 0;
    if (after === before) return;
    this.#words[index] = after;
    this.#count++;
  }

  clear(ordinal: number): void {
    if (!this.has(ordinal)) return;
    const index = ordinal >>> 5;
    this.#words[index] = (this.#words[index] as number) & ~(1 << (ordinal & 31));
    this.#count--;
  }

  /** Makes room for ordinals below `capacity`, and a quarter more. */
  grow(capacity: number): void {
    const needed = Math.ceil(capacity / 32);
    if (needed <= this.#words.length) return;
    const words = new Uint32Array(Math.ceil(needed * 1.25));
    words.set(this.#words);
    this.#words = words;
  }

  /** False for ordinals beyond the capacity. */
  has(ordinal: number): boolean {
    return (((this.#words[ordinal >>> 5] ?? 0) >>> (ordinal & 31)) & 1) === 1;
  }

  /** Admitted ordinals in [from, to). */
  countIn(from: number, to: number): number {
    const capacity = this.#words.length * 32;
    // Counting what lies beyond instead: an index covers nearly all rows.
    if (from === 0 && to > capacity / 2) {
      return this.#count - (to < capacity ? this.#bitsIn(to, capacity) : 0);
    }
    return this.#bitsIn(from, to);
  }

  #bitsIn(from: number, to: number): number {
    let count = 0;
    for (let index = from >>> 5; index * 32 < to; index++) {
      count += bitsOf(this.#wordWithin(index, from, to));
    }
    return count;
  }

  /** Writes the first admitted ordinals of [from, to) to `target`, rising; how many it wrote. */
  take(from: number, to: number, target: Uint32Array): number {
    let taken = 0;
    for (let index = from >>> 5; index * 32 < to && taken < target.length; index++) {
      let word = this.#wordWithin(index, from, to);
      while (word !== 0 && taken < target.length) {
        target[taken++] = index * 32 + lowestBit(word);
        word = (word & (word - 1)) >>> 0;
      }
    }
    return taken;
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [index, value] of this.#words.entries()) {
      for (let word = value; word !== 0; word = (word & (word - 1)) >>> 0) {
        yield index * 32 + lowestBit(word);
      }
    }
  }

  /** Word `index` without its bits outside [from, to). */
  #wordWithin(index: number, from: number, to: number): number {
    let word = this.#words[index] ?? 0;
    const first = index * 32;
    if (from > first) word &= -1 << (from - first);
    if (to < first + 32) word &= ~(-1 << (to - first));
    return word >>> 0;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Bits set in a 32-bit word, by adding neighbours in parallel (Hacker's Delight, 5-1). */
function bitsOf(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
