/**
 * The public face of DVESP: `open` for a store in this process, `connect` for one that runs elsewhere,
 * `serve` for a node over REST, `createExpressApp` for REST within an app, and `defineActor` for actors of
 * one's own.
 */
export { createExpressApp, open, serve } from "./node/index.js";
export type {
  ActorApi,
  ExpressOptions,
  OpenOptions,
  OpenStore,
  ServeOptions,
  ServedNode,
  SpawnOptions,
  WatchOptions,
} from "./node/index.js";
export { connect } from "./client/index.js";
export type { ConnectOptions } from "./client/index.js";
export { defineActor } from "./runtime/index.js";
export type { Actor, ActorContext, ActorRef, AskResult } from "./runtime/index.js";
export type { CollectionAnswer, CollectionMessage, WatchChange } from "./actors/index.js";
export { DvespError, errorCodes, isDvespError } from "./base/index.js";
export type { ErrorCode } from "./base/index.js";
export type * from "./protocol/index.js";
