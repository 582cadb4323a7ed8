/** Supervision: children as data, restarts with back-off and budget, lifecycle as event streams. */
export * from "./child-spec.js";
export * from "./event-bus.js";
export * from "./supervisor.js";
export type { HostDirectory } from "./supervisor-core.js";
export type { ChildPhase, LifecycleDetails } from "./state.js";
export { decideRebalance } from "./decide-rebalance.js";
export * from "./list-rebalancer.js";
export * from "./observe.js";
export * from "./reconcile.js";
