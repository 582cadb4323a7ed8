/** Actors on threads: definitions, refs, the system of one thread, and the pool of actor hosts. */
export * from "./actor.js";
export * from "./answer.js";
export * from "./actor-system.js";
export * from "./backoff.js";
export * from "./dispatcher.js";
export * from "./events.js";
export * from "./host-pool.js";
export type * from "./hosts.js";
export * from "./local-hosts.js";
export * from "./loader.js";
export * from "./system-options.js";
export * from "./task-pool.js";
export * from "./within.js";
export type { HostState } from "./host-slot.js";
export type { HostRequest } from "./incoming.js";
export type { DeathKind } from "./signals.js";
