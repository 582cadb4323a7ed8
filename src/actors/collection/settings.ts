/**
 * A collection's settings, from what its creator asked for: defaults filled in, and what this version
 * cannot do refused instead of ignored.
 */
import { invalid } from "../../base/index.js";
import { autoHnswRows, selectIndex } from "../../index/index.js";
import type { IndexedCollection } from "../../index/index.js";
import type { CollectionSettings, IndexSettings, NormalCreate } from "../../protocol/index.js";

/** Errors: `INVALID_ARGUMENT` for what this version or a single node does not offer. */
export function completeSettings(request: NormalCreate): CollectionSettings {
  const { shards = 1, replication_factor = 1, collection, dimension, distance_metric } = request;
  if (shards !== 1) throw invalid("one node keeps one shard per collection", "shards");
  if (replication_factor !== 1) {
    throw invalid("one node keeps one replica of each row", "replication_factor");
  }
  const index = completeIndex({ dimension, metric: distance_metric, index: request.index });
  return { collection, dimension, distance_metric, index, shards, replication_factor };
}

/** Settings for a collection that its first insert makes. */
export function implicitSettings(collection: string, dimension: number): CollectionSettings {
  return completeSettings({
    collection,
    dimension,
    distance_metric: "cosine",
    index: { type: "hnsw" },
    shards: undefined,
    replication_factor: undefined,
  });
}

/** What the index folder needs to know. */
export function indexedCollection(settings: CollectionSettings): IndexedCollection {
  const { dimension, distance_metric, index } = settings;
  return { dimension, metric: distance_metric, index };
}

export function sameSettings(a: CollectionSettings, b: CollectionSettings): boolean {
  return JSON.stringify(parts(a)) === JSON.stringify(parts(b));
}

function completeIndex(asked: IndexedCollection): IndexSettings {
  const { type } = asked.index;
  const spec = selectIndex(asked, autoHnswRows);
  if (spec.type === "flat") return { type };
  if (spec.type === "ivf") {
    const { lists, recall } = spec;
    return { type, quantization: "int8", ...(lists !== undefined && { lists }), recall };
  }
  const { engine, m, efConstruction, recall } = spec;
  const quantization = engine === "shared" ? spec.quantization : "none";
  return { type, engine, quantization, m, ef_construction: efConstruction, recall };
}

function parts(settings: CollectionSettings): unknown {
  const { collection, dimension, distance_metric, shards, replication_factor, index } = settings;
  const { type, engine, quantization, m, ef_construction, lists, recall } = index;
  const ofIndex = [type, engine, quantization, m, ef_construction, lists, recall];
  return [collection, dimension, distance_metric, shards, replication_factor, ofIndex];
}
