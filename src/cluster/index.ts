/** What a cluster agrees through, and where its shards lie. */
export * from "./cluster-map.js";
export * from "./cluster-store.js";
export * from "./cluster-view.js";
export * from "./drain-mark.js";
export * from "./local-cluster-store.js";
export * from "./member-record.js";
export * from "./membership.js";
export * from "./peers.js";
export * from "./placement.js";
export * from "./remote-cluster-store.js";
export * from "./shard-change.js";
export * from "./shard-split.js";
export * from "./store-actor.js";
