/** Normal requests about collections as such. */
import { checkShape } from "./check-shape.js";
import type { NormalCreate } from "./normal-requests.js";
import { refusal } from "./refusal.js";
import { collectionRequest, createRequest } from "./request-schemas.js";
import type { IndexSettings, IndexType } from "./types.js";

/** Which indexes a setting means something to. */
const usedBy: Readonly<Partial<Record<keyof IndexSettings, readonly IndexType[]>>> = {
  engine: ["hnsw", "auto"],
  m: ["hnsw", "auto"],
  ef_construction: ["hnsw", "auto"],
  lists: ["ivf"],
  quantization: ["hnsw", "auto", "ivf"],
  recall: ["hnsw", "auto", "ivf"],
};

/** Checks a request to create a collection; a setting that its index does not use is refused. */
export function normaliseCreate(request: unknown): NormalCreate {
  const shape = checkShape(createRequest, request);
  const { index } = shape;
  for (const [name, types] of Object.entries(usedBy)) {
    if (index[name as keyof IndexSettings] === undefined || types.includes(index.type)) continue;
    throw refusal(`index.${name}`, `means nothing to an index of type ${index.type}`);
  }
  return {
    collection: shape.collection,
    dimension: shape.dimension,
    distance_metric: shape.distance_metric,
    index,
    shards: shape.shards,
    replication_factor: shape.replication_factor,
  };
}

/** The name in a request to describe or drop a collection. */
export function normaliseCollection(request: unknown): string {
  return checkShape(collectionRequest, request).collection;
}
