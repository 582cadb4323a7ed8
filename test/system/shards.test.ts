/** What a collection of several shards answers is what one of a single shard answers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { open } from "../../dist/index.js";
import type { OpenStore, SearchRequest } from "../../dist/index.js";
import { randomFraction, randomUuid, seededRandom } from "../../dist/base/index.js";
import { someMetadata, someVector } from "../conformance/api-fixture.js";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);
const dimension = 12;
const rowCount = 3000;
const names = ["one", "three"] as const;
const filters = [undefined, { parity: "even" }, { tens: { $lt: 7 } }];
const metrics = ["cosine", "l2", "dot_product"] as const;

const below = (count: number): number => Math.floor(randomFraction(random) * count);
const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;

describe(`three shards beside one (SEED=${seed})`, () => {
  let path: string;
  let store: OpenStore;
  const ids = Array.from({ length: rowCount }, () => randomUuid(random));

  /** Does the same to both; answers what each said. */
  const both = async <T>(ask: (collection: string) => Promise<T>): Promise<[T, T]> => [
    await ask(names[0]),
    await ask(names[1]),
  ];

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-shards-"));
    store = await open({ path, threads: 2 });
    await store.create_collection({ collection: "one", dimension, shards: 1 });
    await store.create_collection({ collection: "three", dimension, shards: 3 });
    const vectors = ids.map(() => someVector(dimension, random));
    const metadata = someMetadata(rowCount);
    await both((collection) => store.insert({ collection, ids, vectors, metadata }));
    const gone = ids.filter((_, row) => row % 7 === 0);
    await both((collection) => store.delete({ collection, ids: gone }));
    await both((collection) => store.delete({ collection, filter: { tens: 11 } }));
  });
  afterAll(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  it("spreads rows, and says so", async () => {
    const [one, three] = await both((collection) => store.describe_collection({ collection }));
    expect([one.shards, three.shards]).toEqual([1, 3]);
    expect(three.rows).toBe(one.rows);
    expect(three.bytes.vectors_memory).toBeGreaterThan(0);
    const plan = await store.search({
      ...{ collection: "three", query_vector: someVector(dimension, random), explain: true },
    });
    const shards = plan.metrics.plan?.["shards"] as { shard: number; indexed_rows: number }[];
    expect(shards.map(({ shard }) => shard)).toEqual([0, 1, 2]);
  });

  it("finds the same rows, at the same distances, in the same order", async () => {
    for (let query = 0; query < 60; query++) {
      const request: Omit<SearchRequest, "collection"> = {
        query_vector: someVector(dimension, random),
        ...{ exact: true, top_k: 1 + below(40), offset: pick([0, 0, 13, 200]) },
        ...{ filter: pick(filters), distance_metric: pick(metrics) },
        max_distance: pick([undefined, undefined, 0.5]),
      };
      const [one, three] = await both((collection) => store.search({ collection, ...request }));
      const shown = (answer: typeof one) =>
        answer.results.map(({ id, distance, metadata, vector }) => ({
          ...{ id, distance, metadata, vector: [...(vector ?? [])] },
        }));
      expect(shown(three)).toEqual(shown(one));
      expect(three.metrics).toMatchObject({ exact: true, nodes_queried: 1 });
    }
  });

  it("answers batches, counts and ids alike", async () => {
    const queries = Array.from({ length: 20 }, () => ({
      ...{ query_vector: someVector(dimension, random), exact: true, top_k: 5 },
    }));
    const [one, three] = await both((collection) => store.search_batch({ collection, queries }));
    const found = (answer: typeof one) =>
      answer.answers.map(({ results }) => results.map(({ id }) => id));
    expect(found(three)).toEqual(found(one));
    for (const filter of filters) {
      const [ofOne, ofThree] = await both((collection) => store.count({ collection, filter }));
      expect(ofThree).toEqual(ofOne);
    }
    const asked = Array.from({ length: 300 }, () => pick(ids));
    const wanted = [...new Set(asked)];
    const [got, gotOfThree] = await both((collection) => store.get({ collection, ids: wanted }));
    expect(gotOfThree.vectors.map(({ id }) => id)).toEqual(got.vectors.map(({ id }) => id));
    expect(gotOfThree.missing_ids).toEqual(got.missing_ids);
  });

  it("walks all rows once, in the order of their ids", async () => {
    const walk = async (collection: string, limit: number): Promise<string[]> => {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.scroll({ collection, limit, cursor, filter: { parity: "odd" } });
        expect(page.vectors.length).toBeLessThanOrEqual(limit);
        seen.push(...page.vectors.map(({ id }) => id));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return seen;
    };
    const whole = await walk("one", 10_000);
    expect(await walk("three", 97)).toEqual(whole);
    expect(whole).toEqual([...whole].sort());
  });

  it("sees a write that a token names, in the shards that it concerned", async () => {
    for (let turn = 0; turn < 20; turn++) {
      const vector = someVector(dimension, random);
      const { commit_token, vector_ids } = await store.insert({
        ...{ collection: "three", vectors: [vector] },
      });
      const found = await store.search({
        ...{ collection: "three", query_vector: vector, top_k: 1, after: commit_token },
      });
      expect(found.results[0]?.id).toBe(vector_ids[0]);
    }
  });

  it("is what it was after a restart", async () => {
    const before = await store.scroll({ collection: "three", limit: 10_000 });
    await store.close();
    store = await open({ path, threads: 2 });
    const after = await store.scroll({ collection: "three", limit: 10_000 });
    expect(after.vectors.map(({ id, version }) => [id, version])).toEqual(
      before.vectors.map(({ id, version }) => [id, version]),
    );
  });
});
