/** Composition roots: the embedded store, the served node, and checks of a data directory. */
export { ActorApi } from "./actor-api.js";
export type { SpawnOptions } from "./actor-api.js";
export { open } from "./open.js";
export type { OpenOptions, OpenStore, ThreadDeath } from "./open.js";
export type { ClusterOptions } from "./cluster-link.js";
export { logEvent, makeLog } from "./log.js";
export type { Log } from "./log.js";
export { planCapacity } from "./plan-capacity.js";
export type { CapacityPlan, CapacityRequest } from "./plan-capacity.js";
export { createExpressApp, serve } from "./http-on-demand.js";
export type { ExpressOptions } from "./mounted-app.js";
export type { ServeOptions, ServedNode } from "./serve.js";
export { verifyDirectory } from "./verify-directory.js";
export type { ShardReport } from "./verify-directory.js";
export type { WatchOptions } from "./watch.js";
