/**
 * The Merkle tree of one replica, over (id, version, checksum) of its rows and tombstones: two replicas have the
 * same root exactly when they hold the same data, whatever the order in which it came.
 *
 *        root                 sha256 over 16 children
 *     16 inner nodes          sha256 over 16 children each
 *    256 inner nodes          sha256 over 16 children each
 *   4,096 leaves              sum modulo 2^256 of sha256(entry) of the entries of that bucket
 *
 * A leaf is a multiset hash (Clarke et al., "Incremental Multiset Hash Functions", 2003: MSet-Add-Hash),
 * so that a write changes it in constant time by adding the new entry and subtracting the old one.
 * It guards against faults, not against somebody who crafts entries. An id is always in the same
 * bucket; leaves that differ name the ids that two replicas must compare.
 */
import { createHash } from "node:crypto";
import { assert } from "../base/index.js";

export const merkleBuckets = 4096;
export const merkleLeafBytes = 32;
const fanout = 16;

/** What the tree knows of one row or tombstone. */
export interface MerkleEntry {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly version: string;
  /** Checksums of vector and metadata; a tombstone has none. */
  readonly checksums?: { readonly vector: number; readonly metadata: number } | undefined;
}

/** The bucket, 0 to 4,095, of an id of 16 bytes: FNV-1a, finished by murmur3's mixer. */
export function merkleBucket(id: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of id) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % merkleBuckets;
}

export class MerkleTree {
  readonly #leaves = Array.from({ length: merkleBuckets }, () => new Uint32Array(8));
  /** Digests of the inner nodes, by level: 256, 16, 1. */
  readonly #levels = [256, 16, 1].map((count) => new Array<Uint8Array | undefined>(count));
  #changed = new Set<number>();

  add(entry: MerkleEntry): void {
    const bucket = merkleBucket(entry.id);
    addInto(this.#leaf(bucket), digest(entry));
    this.#touch(bucket);
  }

  subtract(entry: MerkleEntry): void {
    const bucket = merkleBucket(entry.id);
    subtractFrom(this.#leaf(bucket), digest(entry));
    this.#touch(bucket);
  }

  /** The 32 bytes of one leaf. */
  leaf(bucket: number): Uint8Array {
    return new Uint8Array(this.#leaf(bucket).buffer.slice(0));
  }

  setLeaf(bucket: number, bytes: Uint8Array): void {
    assert(bytes.length === merkleLeafBytes, "a leaf has 32 bytes");
    new Uint8Array(this.#leaf(bucket).buffer).set(bytes);
    this.#touch(bucket);
  }

  /** Buckets changed since this was last called: what a commit has to store. */
  takeChanged(): number[] {
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }

  /** 64 hex digits. */
  root(): string {
    return Buffer.from(this.#node(this.#levels.length - 1, 0)).toString("hex");
  }

  #leaf(bucket: number): Uint32Array<ArrayBuffer> {
    return this.#leaves[bucket] as Uint32Array<ArrayBuffer>;
  }

  #touch(bucket: number): void {
    this.#changed.add(bucket);
    let index = bucket;
    for (const nodes of this.#levels) {
      index = Math.floor(index / fanout);
      nodes[index] = undefined;
    }
  }

  #node(level: number, index: number): Uint8Array {
    const nodes = this.#levels[level] as (Uint8Array | undefined)[];
    return (nodes[index] ??= this.#hashChildren(level, index));
  }

  #hashChildren(level: number, index: number): Uint8Array {
    const hash = createHash("sha256");
    for (let child = index * fanout; child < (index + 1) * fanout; child++) {
      hash.update(level === 0 ? this.#leaf(child) : this.#node(level - 1, child));
    }
    return hash.digest();
  }
}

/** One root over the shards of a collection, in shard order; a single shard's root stands as it is. */
export function combineRoots(roots: readonly string[]): string {
  if (roots.length === 1) return roots[0] as string;
  const hash = createHash("sha256");
  for (const root of roots) hash.update(root, "hex");
  return hash.digest("hex");
}

function digest(entry: MerkleEntry): Uint32Array {
  const { id, version, checksums } = entry;
  const text = Buffer.from(version, "latin1");
  const bytes = Buffer.alloc(25 + text.length);
  bytes.set(id, 0);
  bytes[16] = checksums ? 1 : 0;
  bytes.writeUInt32LE(checksums?.vector ?? 0, 17);
  bytes.writeUInt32LE(checksums?.metadata ?? 0, 21);
  bytes.set(text, 25);
  const result = new Uint32Array(8);
  new Uint8Array(result.buffer).set(createHash("sha256").update(bytes).digest());
  return result;
}

/** target += value, modulo 2^256; eight little-endian words. */
function addInto(target: Uint32Array, value: Uint32Array): void {
  let carry = 0;
  for (let word = 0; word < 8; word++) {
    const sum = (target[word] as number) + (value[word] as number) + carry;
    target[word] = sum;
    carry = sum > 0xffffffff ? 1 : 0;
  }
}

/** target -= value, modulo 2^256. */
function subtractFrom(target: Uint32Array, value: Uint32Array): void {
  let borrow = 0;
  for (let word = 0; word < 8; word++) {
    const difference = (target[word] as number) - (value[word] as number) - borrow;
    target[word] = difference;
    borrow = difference < 0 ? 1 : 0;
  }
}
