/**
 * A collection's settings, from what its creator asked for: defaults filled in, and what this version
 * cannot do refused instead of ignored.
 */
import { autoHnswRows, selectIndex } from "../../index/index.js";
import type { IndexedCollection } from "../../index/index.js";
import type { CollectionSettings, IndexSettings, NormalCreate } from "../../protocol/index.js";

/** What a collection has whose creator says nothing of it. */
export interface SettingsDefaults {
  readonly shards: number;
  /** Of each shard. */
  readonly replicas: number;
}

/**
 * Recall that searches of a collection with several replicas aim at unless its creator says otherwise.
 * Each replica builds a graph of its own and misses other rows than the next one does: answers at ONE
 * differ by about what is missed, so that this keeps them alike to one result in a hundred.
 */
const replicatedRecall = 0.99;

/** Errors: `INVALID_ARGUMENT` for what this version does not offer. */
export function completeSettings(
  request: NormalCreate,
  defaults: SettingsDefaults = { shards: 1, replicas: 1 },
): CollectionSettings {
  const { collection, dimension, distance_metric } = request;
  const { shards = defaults.shards, replication_factor = defaults.replicas } = request;
  const recall = request.index.recall ?? (replication_factor > 1 ? replicatedRecall : undefined);
  const asked = { ...request.index, recall };
  const index = completeIndex({ dimension, metric: distance_metric, index: asked });
  return { collection, dimension, distance_metric, index, shards, replication_factor };
}

/** What is asked for when an insert makes its collection. */
export function implicitRequest(collection: string, dimension: number): NormalCreate {
  return {
    collection,
    dimension,
    distance_metric: "cosine",
    index: { type: "hnsw" },
    shards: undefined,
    replication_factor: undefined,
  };
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
