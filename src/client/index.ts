/** A store that runs elsewhere, behind the interface of one that runs here. */
export { connect, connectCluster } from "./connect.js";
export type { ConnectOptions } from "./connect.js";
export type { RemoteCluster } from "./remote-cluster.js";
export type { Attempt, Sending, Transport, WireAnswer, WireRequest } from "./transport.js";
