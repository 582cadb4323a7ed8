/**
 * From a collection's settings to the index that serves it: the only place that knows all engines.
 */
import { invalid, unreachable } from "../base/index.js";
import { flatEngine } from "./flat-index.js";
import { hnswlibEngine } from "./hnswlib-engine.js";
import { ivfEngine } from "./ivf/engine.js";
import { listsMax } from "./ivf/list-layout.js";
import type { Metric } from "./metric.js";
import { sharedEngine } from "./shared/engine.js";
import type { SharedRows } from "./shared-rows.js";
import type { IndexSpec } from "./index-spec.js";
import type {
  BuilderOptions,
  IndexBuilder,
  IndexPublication,
  IndexReader,
} from "./vector-index.js";

/** The `index` of a collection's settings, as the contract names its fields. */
export interface IndexChoice {
  readonly type: "auto" | "hnsw" | "ivf" | "flat";
  readonly engine?: "hnswlib" | "shared" | undefined;
  readonly quantization?: "none" | "int8" | undefined;
  readonly m?: number | undefined;
  readonly ef_construction?: number | undefined;
  readonly lists?: number | undefined;
  readonly recall?: number | undefined;
}

export interface IndexedCollection {
  readonly dimension: number;
  readonly metric: Metric;
  readonly index: IndexChoice;
}

/** From so many rows on, `auto` changes from flat to HNSW: below, a scan takes about a millisecond. */
export const autoHnswRows = 10_000;

const defaults = { m: 16, efConstruction: 100, recall: 0.98 };

/**
 * The index for a collection that holds `rows` rows. Errors: `INVALID_ARGUMENT` for what no engine
 * of this version offers.
 */
export function selectIndex(collection: IndexedCollection, rows: number): IndexSpec {
  const { dimension, metric, index } = collection;
  switch (index.type) {
    case "flat":
      return { type: "flat", engine: "flat", dimension, metric };
    case "auto":
      return selectIndex(
        { ...collection, index: { ...index, type: rows < autoHnswRows ? "flat" : "hnsw" } },
        rows,
      );
    case "hnsw":
      return selectGraph(collection);
    case "ivf":
      return selectLists(collection);
    default:
      return unreachable(index.type);
  }
}

function selectGraph({ dimension, metric, index }: IndexedCollection): IndexSpec {
  const settings = {
    type: "hnsw",
    dimension,
    metric,
    m: index.m ?? defaults.m,
    efConstruction: index.ef_construction ?? defaults.efConstruction,
    recall: index.recall ?? defaults.recall,
  } as const;
  const { engine = "shared", quantization } = index;
  if (engine === "shared") return { ...settings, engine, quantization: quantization ?? "int8" };
  if (quantization === "int8") {
    throw invalid("engine hnswlib does not quantise", "index.quantization");
  }
  return { ...settings, engine };
}

function selectLists({ dimension, metric, index }: IndexedCollection): IndexSpec {
  const { lists, quantization, recall = defaults.recall } = index;
  if (quantization === "none") {
    throw invalid("an index of lists always quantises to int8", "index.quantization");
  }
  if (lists !== undefined && lists > listsMax) {
    throw invalid(`an index has at most ${listsMax} lists`, "index.lists");
  }
  return { type: "ivf", engine: "ivf", dimension, metric, lists, recall };
}

/** Starts the builder of an index, from its newest valid snapshot. Errors: `INTERNAL` (disk). */
export function openBuilder(options: BuilderOptions): Promise<IndexBuilder> {
  const { spec, ...rest } = options;
  switch (spec.engine) {
    case "flat":
      return flatEngine.openBuilder({ ...rest, spec });
    case "hnswlib":
      return hnswlibEngine.openBuilder({ ...rest, spec });
    case "shared":
      return sharedEngine.openBuilder({ ...rest, spec });
    case "ivf":
      return ivfEngine.openBuilder({ ...rest, spec });
    default:
      return unreachable(spec);
  }
}

/** Attaches this thread to a publication. Errors: `DATA_CORRUPTED` when it cannot be read. */
export function attachReader(
  publication: IndexPublication,
  rows: SharedRows,
): Promise<IndexReader> {
  switch (publication.engine) {
    case "flat":
      return flatEngine.attach(publication, rows);
    case "hnswlib":
      return hnswlibEngine.attach(publication, rows);
    case "shared":
      return sharedEngine.attach(publication, rows);
    case "ivf":
      return ivfEngine.attach(publication, rows);
    default:
      return unreachable(publication);
  }
}
