/**
 * Our own HNSW over int8 codes or float32 components, in memory that all threads share: one builder writes, readers walk it
 * at the same time without locks, and the nearest are ranked again by their float32 rows.
 */
import type { SharedSpec } from "../index-spec.js";
import type { IndexEngine } from "../vector-index.js";
import { SharedBuilder } from "./builder.js";
import type { SharedPublication } from "./publication.js";
import { SharedReader } from "./reader.js";

export const sharedEngine: IndexEngine<SharedSpec, SharedPublication> = {
  openBuilder: (options) => SharedBuilder.open(options),
  attach: (publication, rows) => Promise.resolve(new SharedReader(publication, rows)),
};
