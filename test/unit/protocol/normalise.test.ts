/** Defaults, limits and refusals of every operation. */
import { describe, expect, it } from "vitest";
import {
  type RowOperation,
  decodeMetadata,
  normalise,
  normaliseCollection,
  normaliseCreate,
} from "../../../src/protocol/index.js";
import { refusalOf } from "./refusal-of.js";

const collection = "docs";
const id = "0b4f2c9e-6c1d-4e52-9a57-5f0c2f6d8a11";
const other = "0b4f2c9e-6c1d-4e52-9a57-5f0c2f6d8a12";
const vectors = [[1, 2, 3]];
const query_vector = [1, 2, 3];

function uuid(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
}

describe("defaults", () => {
  it("of insert", () => {
    const { vectors: packed, metadata, ...rest } = normalise("insert", { collection, vectors });
    expect(rest).toEqual({
      operation: "insert",
      collection,
      ids: undefined,
      consistency_level: "QUORUM",
      timeout_ms: 5000,
      idempotency_key: undefined,
    });
    expect(packed).toEqual({ dimension: 3, count: 1, data: Float32Array.of(1, 2, 3) });
    expect(metadata.map(decodeMetadata)).toEqual([{}]);
  });

  it("of search", () => {
    expect(normalise("search", { collection, query_vector })).toEqual({
      operation: "search",
      collection,
      query_vector: Float32Array.of(1, 2, 3),
      top_k: 10,
      offset: 0,
      distance_metric: undefined,
      filter: undefined,
      include_vectors: true,
      include_metadata: true,
      exact: false,
      explain: false,
      max_distance: undefined,
      recall: undefined,
      ef: undefined,
      nprobe: undefined,
      consistency_level: "QUORUM",
      timeout_ms: 5000,
      after: undefined,
    });
  });

  it("of the others", () => {
    const write = { consistency_level: "QUORUM", timeout_ms: 5000, idempotency_key: undefined };
    const read = { consistency_level: "QUORUM", timeout_ms: 5000, after: undefined };
    const included = { include_vectors: true, include_metadata: true };
    expect(normalise("update", { collection, ids: [id], metadata: [{ a: 1 }] })).toMatchObject({
      ...write,
      vectors: undefined,
      metadata_mode: "replace",
      if_versions: undefined,
    });
    expect(normalise("delete", { collection, ids: [id] })).toEqual({
      operation: "delete",
      collection,
      ids: [id],
      filter: undefined,
      if_versions: undefined,
      ...write,
    });
    expect(normalise("get", { collection, ids: [id] })).toEqual({
      operation: "get",
      collection,
      ids: [id],
      ...read,
      ...included,
    });
    expect(normalise("scroll", { collection })).toEqual({
      operation: "scroll",
      collection,
      filter: undefined,
      limit: 100,
      cursor: undefined,
      ...read,
      ...included,
    });
    expect(normalise("count", { collection, filter: { a: 1 } })).toEqual({
      operation: "count",
      collection,
      filter: { a: 1 },
      ...read,
    });
  });

  it("stand in for members that are undefined", () => {
    const request = { collection, query_vector, top_k: undefined, consistency_level: undefined };
    expect(normalise("search", request)).toMatchObject({ top_k: 10, consistency_level: "QUORUM" });
  });
});

const refused: readonly (readonly [RowOperation, object, string])[] = [
  ["insert", { vectors, unknown: 1 }, "unknown"],
  ["insert", { vectors, collection: "" }, "collection"],
  ["insert", { vectors, collection: ".hidden" }, "collection"],
  ["insert", { vectors, collection: "a/b" }, "collection"],
  ["insert", { vectors, collection: "a\n" }, "collection"],
  ["insert", { vectors, collection: "x".repeat(129) }, "collection"],
  ["insert", { vectors, collection: undefined }, "collection"],
  ["insert", {}, "vectors"],
  ["insert", { vectors: [] }, "vectors"],
  ["insert", { vectors, metadata: {} }, "metadata"],
  ["insert", { vectors, metadata: [] }, "metadata"],
  ["insert", { vectors, metadata: [{}, {}] }, "metadata"],
  ["insert", { vectors, metadata: [null] }, "metadata[0]"],
  ["insert", { vectors, metadata: [{ a: undefined }] }, "metadata[0].a"],
  ["insert", { vectors, ids: [] }, "ids"],
  ["insert", { vectors, ids: "x" }, "ids"],
  ["insert", { vectors, ids: ["x"] }, "ids[0]"],
  ["insert", { vectors, ids: [5] }, "ids[0]"],
  ["insert", { vectors, ids: [id, other] }, "ids"],
  ["insert", { vectors: [[1], [2]], ids: [id, id.toUpperCase()] }, "ids[1]"],
  ["insert", { vectors: [[1], [2]], ids: Object.assign(new Array(2), { 0: id }) }, "ids[1]"],
  ["insert", { vectors, consistency_level: "all" }, "consistency_level"],
  ["insert", { vectors, timeout_ms: 0 }, "timeout_ms"],
  ["insert", { vectors, timeout_ms: 600_001 }, "timeout_ms"],
  ["insert", { vectors, timeout_ms: "5000" }, "timeout_ms"],
  ["insert", { vectors, timeout_ms: NaN }, "timeout_ms"],
  ["insert", { vectors, timeout_ms: null }, "timeout_ms"],
  ["insert", { vectors, idempotency_key: "" }, "idempotency_key"],
  ["insert", { vectors, idempotency_key: "x".repeat(257) }, "idempotency_key"],
  ["update", { ids: [id] }, "vectors"],
  ["update", { metadata: [{}] }, "ids"],
  ["update", { ids: [id], vectors: [[1], [2]] }, "vectors"],
  ["update", { ids: [id], metadata: [{}, {}] }, "metadata"],
  ["update", { ids: [id], metadata: [{}], metadata_mode: "patch" }, "metadata_mode"],
  ["update", { ids: [id], metadata: [{}], if_versions: [] }, "if_versions"],
  ["update", { ids: [id], metadata: [{}], if_versions: ["1", "2"] }, "if_versions"],
  ["update", { ids: [id], metadata: [{}], if_versions: [1] }, "if_versions[0]"],
  ["delete", {}, "ids"],
  ["delete", { ids: [id], filter: {} }, "ids"],
  ["delete", { filter: [] }, "filter"],
  ["delete", { filter: { a: 1 }, if_versions: ["1"] }, "if_versions"],
  ["delete", { ids: [] }, "ids"],
  ["search", { query_vector: [NaN] }, "query_vector"],
  ["search", {}, "query_vector"],
  ["search", { query_vector, top_k: 0 }, "top_k"],
  ["search", { query_vector, top_k: 1001 }, "top_k"],
  ["search", { query_vector, top_k: 1.5 }, "top_k"],
  ["search", { query_vector, top_k: "10" }, "top_k"],
  ["search", { query_vector, offset: -1 }, "offset"],
  ["search", { query_vector, offset: 10_001 }, "offset"],
  ["search", { query_vector, distance_metric: "euclidean" }, "distance_metric"],
  ["search", { query_vector, filter: "a" }, "filter"],
  ["search", { query_vector, filter: null }, "filter"],
  ["search", { query_vector, recall: 0.4 }, "recall"],
  ["search", { query_vector, recall: 1.1 }, "recall"],
  ["search", { query_vector, ef: 0 }, "ef"],
  ["search", { query_vector, nprobe: 0.5 }, "nprobe"],
  ["search", { query_vector, max_distance: Infinity }, "max_distance"],
  ["search", { query_vector, exact: 1 }, "exact"],
  ["search", { query_vector, include_vectors: "no" }, "include_vectors"],
  ["search", { query_vector, after: "" }, "after"],
  ["search_batch", { queries: [] }, "queries"],
  ["search_batch", { queries: {} }, "queries"],
  ["search_batch", { queries: new Array(2) }, "queries[0]"],
  ["search_batch", { queries: [{ query_vector }], top_k: 5 }, "top_k"],
  ["search_batch", { queries: [{ query_vector }], timeout_ms: 0 }, "timeout_ms"],
  ["search_batch", { queries: [{ query_vector }, 5] }, "queries[1]"],
  ["search_batch", { queries: [{ query_vector }, { query_vector, top_k: 0 }] }, "queries[1].top_k"],
  ["search_batch", { queries: [{ query_vector: [] }] }, "queries[0].query_vector"],
  ["search_batch", { queries: [{ query_vector, filter: 1 }] }, "queries[0].filter"],
  ["search_batch", { queries: [{ query_vector, x: 1 }] }, "queries[0].x"],
  [
    "search_batch",
    { queries: [{ query_vector }, { query_vector, collection: "other" }] },
    "queries[1].collection",
  ],
  ["get", {}, "ids"],
  ["get", { ids: [id, id] }, "ids[1]"],
  ["scroll", { limit: 0 }, "limit"],
  ["scroll", { limit: 10_001 }, "limit"],
  ["scroll", { cursor: 5 }, "cursor"],
  ["count", { filter: [] }, "filter"],
  ["count", JSON.parse('{"__proto__":{"filter":{}}}') as object, "__proto__"],
];

describe("refusals", () => {
  it.each(refused)("%s %o", (operation, request, field) => {
    const error = refusalOf(() => normalise(operation, { collection, ...request }));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.field).toBe(field);
    expect(error.message).toContain(field);
  });

  it.each([[null], [undefined], ["x"], [5], [[]]])("a request that is %o", (request) => {
    expect(refusalOf(() => normalise("count", request)).code).toBe("INVALID_ARGUMENT");
  });

  it("too many rows are TOO_LARGE for writes and INVALID_ARGUMENT for reads", () => {
    const ids = Array.from({ length: 100_001 }, (_, index) => uuid(index));
    const writes = [
      refusalOf(() => normalise("delete", { collection, ids })),
      refusalOf(() => normalise("update", { collection, ids, metadata: [{}] })),
    ];
    expect(writes.map((error) => error.code)).toEqual(["TOO_LARGE", "TOO_LARGE"]);
    expect(normalise("delete", { collection, ids: ids.slice(1) }).ids).toHaveLength(100_000);
    const get = refusalOf(() => normalise("get", { collection, ids: ids.slice(0, 10_001) }));
    expect([get.code, get.field]).toEqual(["INVALID_ARGUMENT", "ids"]);
    const queries = Array.from({ length: 1001 }, () => ({ query_vector }));
    const batch = refusalOf(() => normalise("search_batch", { collection, queries }));
    expect([batch.code, batch.field]).toEqual(["INVALID_ARGUMENT", "queries"]);
  });
});

describe("what is kept", () => {
  it("ids in lower case", () => {
    expect(normalise("get", { collection, ids: [id.toUpperCase()] }).ids).toEqual([id]);
  });

  it("any UUID, not only version 4", () => {
    const ids = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
    expect(normalise("get", { collection, ids }).ids).toEqual(ids);
  });

  it("the request as it was", () => {
    const request = {
      collection,
      vectors: [Float32Array.of(1, 2)],
      metadata: [{ a: [1] }],
      ids: [id],
    };
    const before = structuredClone(request);
    const normal = normalise("insert", request);
    expect(request).toEqual(before);
    request.vectors[0]![0] = 9;
    request.metadata[0]!.a[0] = 9;
    request.ids[0] = other;
    expect(normal.vectors.data[0]).toBe(1);
    expect(normal.metadata.map(decodeMetadata)).toEqual([{ a: [1] }]);
    expect(normal.ids).toEqual([id]);
  });

  it("an empty filter, which names every row", () => {
    expect(normalise("delete", { collection, filter: {} })).toMatchObject({
      ids: undefined,
      filter: {},
    });
  });

  it("one collection for a batch of searches", () => {
    const shared = normalise("search_batch", { collection, queries: [{ query_vector, top_k: 3 }] });
    expect(shared.collection).toBe(collection);
    expect(shared.queries[0]).toMatchObject({ operation: "search", collection, top_k: 3 });
    const batch = normalise("search_batch", {
      collection,
      timeout_ms: 9,
      consistency_level: "ALL",
      queries: [{ query_vector }, { query_vector, timeout_ms: 7, consistency_level: undefined }],
    });
    expect(batch.queries.map((query) => query.timeout_ms)).toEqual([9, 7]);
    expect(batch.queries.map((query) => query.consistency_level)).toEqual(["ALL", "ALL"]);
    const named = normalise("search_batch", { queries: [{ query_vector, collection }] });
    expect(named.collection).toBe(collection);
    expect(refusalOf(() => normalise("search_batch", { queries: [{ query_vector }] })).field).toBe(
      "queries[0].collection",
    );
  });
});

describe("collections", () => {
  it("have defaults", () => {
    expect(normaliseCreate({ collection, dimension: 3 })).toEqual({
      collection,
      dimension: 3,
      distance_metric: "cosine",
      index: { type: "hnsw" },
      shards: undefined,
      replication_factor: undefined,
    });
    expect(normaliseCreate({ collection, dimension: 3, index: { m: 8 } }).index).toEqual({
      type: "hnsw",
      m: 8,
    });
  });

  it.each([
    [{ dimension: 0 }, "dimension"],
    [{ dimension: 4097 }, "dimension"],
    [{ dimension: 3, distance_metric: "l1" }, "distance_metric"],
    [{ dimension: 3, index: { type: "annoy" } }, "index.type"],
    [{ dimension: 3, index: { type: "hnsw", efc: 1 } }, "index.efc"],
    [{ dimension: 3, index: { type: "hnsw", lists: 4 } }, "index.lists"],
    [{ dimension: 3, index: { type: "ivf", m: 4 } }, "index.m"],
    [{ dimension: 3, index: { type: "flat", recall: 0.9 } }, "index.recall"],
    [{ dimension: 3, index: "hnsw" }, "index"],
    [{ dimension: 3, shards: 0 }, "shards"],
    [{ dimension: 3, replication_factor: 1.5 }, "replication_factor"],
    [{}, "dimension"],
  ])("refuse %o", (request, field) => {
    const error = refusalOf(() => normaliseCreate({ collection, ...request }));
    expect([error.code, error.field]).toEqual(["INVALID_ARGUMENT", field]);
  });

  it("are named", () => {
    expect(normaliseCollection({ collection })).toBe(collection);
    expect(refusalOf(() => normaliseCollection({ collection: "a b" })).field).toBe("collection");
  });
});
