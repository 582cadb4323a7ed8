/** Rows in shared memory, and the indexes over them: exact scan, and HNSW. */
export { AllowList } from "./allow-list.js";
export type { BuildHelpers } from "./build-helpers.js";
export { ExactScanner, type ScanRange, type Target } from "./exact-scanner.js";
export type { Hits } from "./hits.js";
export {
  attachReader,
  autoHnswRows,
  openBuilder,
  selectIndex,
  type IndexChoice,
  type IndexedCollection,
} from "./index-engines.js";
export { indexMemory, indexRowBytes, indexRowsMax, type IndexSize } from "./index-size.js";
export { metrics, type Metric } from "./metric.js";
export { ReplicaSearch, type ReplicaAnswer, type ReplicaQuery } from "./replica-search.js";
export { rowBytes, scratchSlots } from "./row-layout.js";
export { SharedRows, type SharedRowsHandle, type SharedRowsOptions } from "./shared-rows.js";
export type { IndexSpec, SearchEffort } from "./index-spec.js";
export type {
  BuilderOptions,
  Idleness,
  IndexAnswer,
  IndexBuilder,
  IndexEngine,
  IndexEvent,
  IndexPublication,
  IndexQuery,
  IndexReader,
  ListFacts,
  PublicationCost,
  Rebalancing,
  RebalanceState,
  RebalanceStep,
  RunTask,
  SearchRoute,
  UpkeepNeed,
} from "./vector-index.js";
