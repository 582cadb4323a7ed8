/** What the parts of the API suite share: data from a seed, collections of their own, expectations. */
import { expect } from "vitest";
import { randomFraction, seededRandom } from "../../src/base/index.js";
import type { DvespError, ErrorCode, Random } from "../../src/base/index.js";
import type { Metadata, VectorStore } from "../../src/protocol/index.js";

/** A store under test, opened for one suite. */
export interface OpenStore {
  readonly store: VectorStore;
  readonly close: () => Promise<void>;
}

/** Given to each part: the store of the suite, once it is open. */
export type StoreUnderTest = () => VectorStore;

let collections = 0;

/** A name that no other test of this process uses. */
export function newCollection(): string {
  return `api-${process.pid}-${++collections}`;
}

/** Components between -1 and 1, different for every seed and the same for equal ones. */
export function someVectors(count: number, dimension: number, seed = 1): Float32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => someVector(dimension, random));
}

export function someVector(dimension: number, random: Random): Float32Array {
  return Float32Array.from({ length: dimension }, () => 2 * randomFraction(random) - 1);
}

/** Rows that filters can tell apart: `{ row, parity, tens }`. */
export function someMetadata(count: number): Metadata[] {
  return Array.from({ length: count }, (_, row) => ({
    row,
    parity: row % 2 === 0 ? "even" : "odd",
    tens: Math.floor(row / 10),
  }));
}

export interface Filled {
  readonly collection: string;
  readonly vectors: Float32Array[];
  readonly metadata: Metadata[];
  readonly ids: string[];
}

/** A new collection with `count` rows from a seed. */
export async function fill(
  store: VectorStore,
  {
    count = 60,
    dimension = 8,
    seed = 1,
  }: { count?: number; dimension?: number; seed?: number } = {},
): Promise<Filled> {
  const collection = newCollection();
  const vectors = someVectors(count, dimension, seed);
  const metadata = someMetadata(count);
  const answer = await store.insert({ collection, vectors, metadata });
  return { collection, vectors, metadata, ids: answer.vector_ids };
}

/** The result of a write, given again later: by then other nodes may have acknowledged it. */
export function sameResult<Answer extends { storage_nodes: string[] }>(first: Answer): Answer {
  return { ...first, storage_nodes: expect.arrayContaining([expect.any(String)]) as string[] };
}

/** Expects a refusal with `code`, and with `field` where the contract names one. */
export async function expectRefusal(
  promise: Promise<unknown>,
  code: ErrorCode,
  field?: string,
): Promise<void> {
  const refusal = await promise.then(
    (value) => {
      const shown = value === undefined ? "nothing" : JSON.stringify(value).slice(0, 200);
      throw new Error(`expected ${code}, but it answered ${shown}`);
    },
    (error: unknown) => error as DvespError,
  );
  expect(refusal.code, refusal.message).toBe(code);
  expect(refusal.message).toMatch(/\S/);
  if (field !== undefined) expect(refusal.field).toBe(field);
}
