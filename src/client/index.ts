/** A store that runs elsewhere, behind the interface of one that runs here. */
export { connect } from "./connect.js";
export type { ConnectOptions } from "./connect.js";
export type { Attempt, Sending, Transport, WireAnswer, WireRequest } from "./transport.js";
