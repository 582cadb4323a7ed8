/**
 * How the client reaches one node. An attempt always ends as a value that says how much is known:
 * whether to try again hangs on whether anything can have reached the node.
 */

export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

export interface WireAnswer {
  readonly status: number;
  readonly contentType: string;
  /** The `Retry-After` header, when it is a number of seconds. */
  readonly retryAfterMs: number | undefined;
  readonly body: Uint8Array;
}

/**
 * `unsent`: the node was not reached, nothing was sent. `lost`: the connection broke afterwards;
 * what the node did is unknown. `timeout`: no whole answer in time; unknown as well.
 */
export type Attempt =
  | { readonly outcome: "answer"; readonly answer: WireAnswer }
  | { readonly outcome: "unsent"; readonly error: Error }
  | { readonly outcome: "lost"; readonly error: Error }
  | { readonly outcome: "timeout" };

/** A request that is on its way. */
export interface Sending {
  /** Never rejects. */
  readonly attempt: Promise<Attempt>;
  /** Gives up: the answer is no longer wanted. Settles `attempt` as `lost`. */
  cancel(): void;
}

export interface Transport {
  send(node: URL, request: WireRequest, timeoutMs: number): Sending;
  /** Closes every connection; what is under way ends as `lost`. */
  close(): void;
}
