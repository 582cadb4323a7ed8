/** The domain as actors: what a node composes. */
export { collectionTree, shardDirectory } from "./collection/tree.js";
export type { CollectionTree, HostPlan } from "./collection/tree.js";
export type { Collection } from "./collection/collection.js";
export type { CollectionAnswer, CollectionMessage } from "./collection/actor.js";
export { demandLimits } from "./collection/metric-demand.js";
export type { DemandLimits } from "./collection/metric-demand.js";
export type { PreparedWrite } from "./collection/prepared-write.js";
export { completeSettings, implicitSettings, sameSettings } from "./collection/settings.js";
export { execute } from "./collection/typed-operations.js";
export type { Answers } from "./collection/typed-operations.js";
export { WorkerPool } from "./collection/worker-pool.js";
export { Gateways, gatewayModule } from "./gateway/gateways.js";
export { helpersMax, searchersMax } from "./row-slots.js";
export { merkleEntry } from "./replica/commit-batch.js";
export type { WatchSpec } from "./replica/messages.js";
export type { WatchChange } from "./replica/watch-list.js";
