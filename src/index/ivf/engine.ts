/**
 * Lists of rows around centroids, as int8 codes in memory that all threads share: one builder writes
 * and moves rows between lists, readers scan the lists nearest to the query at the same time without
 * locks, and the nearest are ranked again by their float32 rows.
 */
import type { IvfSpec } from "../index-spec.js";
import type { IndexEngine } from "../vector-index.js";
import { IvfBuilder } from "./builder.js";
import type { IvfPublication } from "./publication.js";
import { IvfReader } from "./reader.js";

export const ivfEngine: IndexEngine<IvfSpec, IvfPublication> = {
  openBuilder: (options) => IvfBuilder.open(options),
  attach: (publication, rows) => Promise.resolve(new IvfReader(publication, rows)),
};
