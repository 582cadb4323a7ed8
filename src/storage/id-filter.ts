/**
 * Answers of most ids that were never stored that they were not, without a look into the table: the
 * writer asks for every id of an insert, and most are new. A Bloom filter (Bloom, 1970) in blocks of a
 * cache line (Putze, Sanders, Singler, 2007), 16 bits an id: about one new id in 500 is looked up in
 * vain. It grows by layers, each four times the one before it, so that growing never stops a commit.
 *
 * Invariant: an id that was added is never denied.
 */
import { assert, uuidBytes } from "../base/index.js";

const bitsPerId = 16;
const wordsPerBlock = 16;
const firstLayerIds = 64 * 1024;
const layerGrowth = 4;
/** Bits set for an id, each chosen by 9 bits of a hash. */
const probes = 5;

interface Layer {
  readonly capacity: number;
  readonly words: Uint32Array;
}

export class IdFilter {
  /** The newest first; only that one still takes ids. */
  readonly #layers: Layer[] = [layerFor(firstLayerIds)];
  /** Ids in the newest layer. */
  #used = 0;

  /** The id of 16 bytes at `at`. */
  add(ids: Uint8Array, at = 0): void {
    if (this.#used === this.#newest.capacity) {
      this.#layers.unshift(layerFor(this.#newest.capacity * layerGrowth));
      this.#used = 0;
    }
    this.#used++;
    const block = hashOf(ids, at, 0x9747b28c);
    const bits = hashOf(ids, at, 0x3c6ef372);
    const { words } = this.#newest;
    const first = blockOf(words, block);
    for (let probe = 0; probe < probes; probe++) {
      const bit = bitOf(bits, probe);
      words[first + (bit >>> 5)] = (words[first + (bit >>> 5)] as number) | (1 << (bit & 31));
    }
  }

  /** False: the id at `at` was never added. */
  mayHave(ids: Uint8Array, at = 0): boolean {
    const block = hashOf(ids, at, 0x9747b28c);
    const bits = hashOf(ids, at, 0x3c6ef372);
    for (const { words } of this.#layers) {
      if (isSet(words, blockOf(words, block), bits)) return true;
    }
    return false;
  }

  get #newest(): Layer {
    return this.#layers[0] as Layer;
  }
}

function layerFor(capacity: number): Layer {
  return { capacity, words: new Uint32Array((capacity * bitsPerId) / 32) };
}

/** Index of the first word of a block. */
function blockOf(words: Uint32Array, hash: number): number {
  return ((hash >>> 0) % (words.length / wordsPerBlock)) * wordsPerBlock;
}

function bitOf(hash: number, probe: number): number {
  return Math.imul(hash, 2 * probe + 0x9e3779b1) >>> 23;
}

function isSet(words: Uint32Array, first: number, bits: number): boolean {
  for (let probe = 0; probe < probes; probe++) {
    const bit = bitOf(bits, probe);
    if (((words[first + (bit >>> 5)] as number) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

/** murmur3 (Appleby) of the four words of the id at `from`. */
function hashOf(ids: Uint8Array, from: number, seed: number): number {
  assert(from + uuidBytes <= ids.length, "an id has 16 bytes");
  let hash = seed;
  for (let at = from; at < from + uuidBytes; at += 4) {
    let word = (ids[at] as number) | ((ids[at + 1] as number) << 8);
    word |= ((ids[at + 2] as number) << 16) | ((ids[at + 3] as number) << 24);
    word = Math.imul(word, 0xcc9e2d51);
    hash ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
