/**
 * HNSW by hnswlib-node, over float32: the engine for those who want that library, and the reference
 * with which others are compared. It reads and writes its files itself, so it needs a real directory,
 * whatever the `Disk`; each reader holds the whole graph, vectors included, in memory of its own.
 */
import { HnswlibBuilder } from "./hnswlib-builder.js";
import type { HnswlibPublication } from "./hnswlib-publication.js";
import { HnswlibReader } from "./hnswlib-reader.js";
import type { HnswSpec } from "./index-spec.js";
import type { IndexEngine } from "./vector-index.js";

export const hnswlibEngine: IndexEngine<HnswSpec, HnswlibPublication> = {
  openBuilder: (options) => HnswlibBuilder.open(options),
  attach: (publication, rows) => HnswlibReader.attach(publication, rows),
};
