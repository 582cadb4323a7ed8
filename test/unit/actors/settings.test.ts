import { describe, expect, it } from "vitest";
import type { CollectionSettings, NormalCreate } from "../../../src/protocol/index.js";
import {
  completeSettings,
  implicitRequest,
  indexedCollection,
  sameSettings,
} from "../../../src/actors/collection/settings.js";

const request: NormalCreate = {
  collection: "c",
  dimension: 8,
  distance_metric: "l2",
  index: { type: "hnsw" },
  shards: undefined,
  replication_factor: undefined,
};
const hnsw = {
  type: "hnsw",
  engine: "shared",
  quantization: "int8",
  m: 16,
  ef_construction: 100,
  recall: 0.98,
};

describe("completeSettings", () => {
  it("fills in every default", () => {
    expect(completeSettings(request)).toEqual({
      collection: "c",
      dimension: 8,
      distance_metric: "l2",
      index: hnsw,
      shards: 1,
      replication_factor: 1,
    });
  });

  it("takes as many shards and replicas as are suggested, or as asked for", () => {
    const defaults = { shards: 4, replicas: 3 };
    expect(completeSettings(request, defaults)).toMatchObject({ shards: 4, replication_factor: 3 });
    expect(completeSettings({ ...request, shards: 2 }, defaults).shards).toBe(2);
    const asked = completeSettings({ ...request, replication_factor: 2 }, defaults);
    expect(asked.replication_factor).toBe(2);
  });

  it("aims higher where several replicas are to answer alike", () => {
    const replicated = { ...request, replication_factor: 3 };
    expect(completeSettings(replicated).index).toEqual({ ...hnsw, recall: 0.99 });
    const asked = { ...replicated, index: { type: "hnsw", recall: 0.9 } } as const;
    expect(completeSettings(asked).index.recall).toBe(0.9);
    const flat = { ...replicated, index: { type: "flat" } } as const;
    expect(completeSettings(flat).index).toEqual({ type: "flat" });
  });

  it("keeps what was asked for", () => {
    const index = {
      type: "hnsw",
      engine: "hnswlib",
      m: 8,
      ef_construction: 50,
      recall: 0.9,
    } as const;
    expect(completeSettings({ ...request, index, shards: 1, replication_factor: 1 }).index).toEqual(
      {
        ...index,
        quantization: "none",
      },
    );
    expect(completeSettings({ ...request, index: { type: "flat" } }).index).toEqual({
      type: "flat",
    });
    const floats = { type: "hnsw", engine: "shared", quantization: "none" } as const;
    expect(completeSettings({ ...request, index: floats }).index).toMatchObject(floats);
    const auto = completeSettings({ ...request, index: { type: "auto", m: 8 } }).index;
    expect(auto).toEqual({ ...hnsw, type: "auto", m: 8 });
  });

  it("fills in those of an index of lists", () => {
    const settingsOf = (index: NormalCreate["index"]): unknown =>
      completeSettings({ ...request, index }).index;
    const ivf = { type: "ivf", quantization: "int8", recall: 0.98 } as const;
    expect(settingsOf({ type: "ivf" })).toEqual(ivf);
    expect(settingsOf({ ...ivf, lists: 12 })).toEqual({ ...ivf, lists: 12 });
  });

  it.each([
    { change: { index: { type: "ivf", quantization: "none" } }, field: "index.quantization" },
    {
      change: { index: { type: "hnsw", engine: "hnswlib", quantization: "int8" } },
      field: "index.quantization",
    },
  ] as const)("refuses $change instead of ignoring it", ({ change, field }) => {
    expect(() => completeSettings({ ...request, ...change })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }) as Error,
    );
  });
});

describe("implicitRequest", () => {
  it("are those of a cosine HNSW collection", () => {
    const { collection, dimension, distance_metric, index } = completeSettings(
      implicitRequest("made", 3),
    );
    expect({ collection, dimension, distance_metric, index }).toEqual({
      collection: "made",
      dimension: 3,
      distance_metric: "cosine",
      index: hnsw,
    });
  });
});

describe("sameSettings", () => {
  const settings = completeSettings(request);

  it("does not mind the order of fields, nor a trip through JSON", () => {
    const turned = Object.fromEntries(Object.entries(settings).reverse());
    const index = Object.fromEntries(Object.entries(settings.index).reverse());
    const other = { ...turned, index } as unknown as CollectionSettings;
    expect(sameSettings(settings, other)).toBe(true);
    expect(sameSettings(settings, JSON.parse(JSON.stringify(settings)) as typeof settings)).toBe(
      true,
    );
  });

  it.each([
    { collection: "d" },
    { dimension: 9 },
    { distance_metric: "cosine" },
    { shards: 2 },
    { replication_factor: 2 },
    ...[{ type: "auto" }, { m: 8 }, { ef_construction: 1 }, { recall: 0.5 }, { lists: 3 }].map(
      (change) => ({ index: { ...settings.index, ...change } }),
    ),
  ])("minds %j", (change) => {
    expect(sameSettings(settings, { ...settings, ...change } as CollectionSettings)).toBe(false);
  });
});

describe("indexedCollection", () => {
  it("is the part that the index is made from", () => {
    const settings = completeSettings(request);
    expect(indexedCollection(settings)).toEqual({
      dimension: 8,
      metric: "l2",
      index: settings.index,
    });
  });
});
