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
import { assert, hashUuid, uuidBytes } from "../base/index.js";
import { blockBytes, blockMessageMax, sha256, sha256Block } from "./sha256-block.js";

export const merkleBuckets = 4096;
export const merkleLeafBytes = 32;
const wordsPerLeaf = 8;
const fanout = 16;

/** What the tree knows of one row or tombstone. */
export interface MerkleEntry {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly version: string;
  /** Checksums of vector and metadata; a tombstone has none. */
  readonly checksums?: { readonly vector: number; readonly metadata: number } | undefined;
}

/** What the tree knows of many rows that share a version. */
export interface MerkleRows {
  /** 16 bytes each. */
  readonly ids: Uint8Array;
  readonly version: string;
  /** Checksums of vectors and of metadata, one for each id. */
  readonly vectorCrcs: Uint32Array;
  readonly metadataCrcs: Uint32Array;
}

/** The bucket, 0 to 4,095, of the id of 16 bytes at `at`. */
export function merkleBucket(ids: Uint8Array, at = 0): number {
  return hashUuid(ids, at) % merkleBuckets;
}

export class MerkleTree {
  /** All leaves, one after the other. */
  readonly #leaves = new Uint32Array(merkleBuckets * wordsPerLeaf);
  /** Digests of the inner nodes, by level: 256, 16, 1. */
  readonly #levels = [256, 16, 1].map((count) => new Array<Uint8Array | undefined>(count));
  #changed = new Set<number>();

  add(entry: MerkleEntry): void {
    const bucket = merkleBucket(entry.id);
    addInto(this.#leaves, bucket * wordsPerLeaf, digest(entry));
    this.#touch(bucket);
  }

  subtract(entry: MerkleEntry): void {
    const bucket = merkleBucket(entry.id);
    subtractFrom(this.#leaves, bucket * wordsPerLeaf, digest(entry));
    this.#touch(bucket);
  }

  addRows(rows: MerkleRows): void {
    this.#move(rows, addInto);
  }

  subtractRows(rows: MerkleRows): void {
    this.#move(rows, subtractFrom);
  }

  /** The 32 bytes of one leaf. */
  leaf(bucket: number): Uint8Array {
    return new Uint8Array(bytesOf(this.#leaf(bucket)));
  }

  setLeaf(bucket: number, bytes: Uint8Array): void {
    assert(bytes.length === merkleLeafBytes, "a leaf has 32 bytes");
    bytesOf(this.#leaf(bucket)).set(bytes);
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

  #move({ ids, version, vectorCrcs, metadataCrcs }: MerkleRows, move: typeof addInto): void {
    const length = putVersion(version);
    for (let index = 0, at = 0; at < ids.length; index++, at += uuidBytes) {
      const vector = vectorCrcs[index] as number;
      putRow(ids, at, vector, metadataCrcs[index] as number);
      const bucket = merkleBucket(ids, at);
      move(this.#leaves, bucket * wordsPerLeaf, digestOf(length));
      this.#touch(bucket);
    }
  }

  #leaf(bucket: number, count = 1): Uint32Array {
    return this.#leaves.subarray(bucket * wordsPerLeaf, (bucket + count) * wordsPerLeaf);
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
    const first = index * fanout;
    if (level === 0) return sha256(bytesOf(this.#leaf(first, fanout)));
    const children = Array.from({ length: fanout }, (_, child) =>
      this.#node(level - 1, first + child),
    );
    return sha256(Buffer.concat(children));
  }
}

/** The root over all leaves. */
export function rootOfLeaves(leaves: Uint8Array): string {
  const tree = new MerkleTree();
  for (let bucket = 0; bucket < merkleBuckets; bucket++) {
    tree.setLeaf(bucket, leaves.subarray(bucket * merkleLeafBytes, (bucket + 1) * merkleLeafBytes));
  }
  return tree.root();
}

/** All leaves of what two replicas hold together who have no id in common, from all leaves of each. */
export function joinLeaves(a: Uint8Array, b: Uint8Array): Uint8Array {
  assert(a.length === merkleBuckets * merkleLeafBytes && b.length === a.length, "all leaves");
  const joined = wordsOf(a);
  const others = wordsOf(b);
  for (let first = 0; first < joined.length; first += wordsPerLeaf) {
    addInto(joined, first, others.subarray(first, first + wordsPerLeaf));
  }
  return bytesOf(joined);
}

/** One root over the shards of a collection, in shard order; a single shard's root stands as it is. */
export function combineRoots(roots: readonly string[]): string {
  if (roots.length === 1) return roots[0] as string;
  return sha256(Buffer.from(roots.join(""), "hex")).toString("hex");
}

/** Entries are hashed one after the other, in memory that all of them share. */
const versionBytesMax = 64;
const headBytes = 25;
const hashed = Buffer.alloc(Math.max(blockBytes, headBytes + versionBytesMax));
const block = new DataView(hashed.buffer, hashed.byteOffset, blockBytes);
const digestWords = new Uint32Array(8);
const digestBytes = new Uint8Array(digestWords.buffer);

/** The eight words of the hash of `entry`, until the next call. */
function digest({ id, version, checksums }: MerkleEntry): Uint32Array {
  const length = putVersion(version);
  if (checksums) {
    putRow(id, 0, checksums.vector, checksums.metadata);
  } else {
    hashed.fill(0, uuidBytes, headBytes);
    hashed.set(id, 0);
  }
  return digestOf(length);
}

/** Of the entry that was put, whose version has `length` bytes. */
function digestOf(length: number): Uint32Array {
  const total = headBytes + length;
  if (total <= blockMessageMax) sha256Block(block, total, digestWords);
  else digestBytes.set(sha256(hashed.subarray(0, total)));
  return digestWords;
}

function putRow(ids: Uint8Array, at: number, vectorCrc: number, metadataCrc: number): void {
  for (let byte = 0; byte < uuidBytes; byte++) hashed[byte] = ids[at + byte] as number;
  hashed[uuidBytes] = 1;
  block.setUint32(17, vectorCrc, true);
  block.setUint32(21, metadataCrc, true);
}

let lastVersion = "";

/** Puts the version behind the head, where that of the entry before may stand already; its length. */
function putVersion(version: string): number {
  if (version !== lastVersion) {
    assert(version.length <= versionBytesMax, "a version has at most 64 characters");
    hashed.write(version, headBytes, "latin1");
    lastVersion = version;
  }
  return version.length;
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** A copy, as words. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}

/** The eight little-endian words of `target` at `at` += value, modulo 2^256. */
function addInto(target: Uint32Array, at: number, value: Uint32Array): void {
  let carry = 0;
  for (let word = 0; word < 8; word++) {
    const sum = (target[at + word] as number) + (value[word] as number) + carry;
    target[at + word] = sum;
    carry = sum > 0xffffffff ? 1 : 0;
  }
}

/** The same, -= value. */
function subtractFrom(target: Uint32Array, at: number, value: Uint32Array): void {
  let borrow = 0;
  for (let word = 0; word < 8; word++) {
    const difference = (target[at + word] as number) - (value[word] as number) - borrow;
    target[at + word] = difference;
    borrow = difference < 0 ? 1 : 0;
  }
}
