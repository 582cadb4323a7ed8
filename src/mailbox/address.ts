/** Where a message goes: an actor's name on a host. Addresses are plain data and outlive actors. */

export interface Address {
  /** One thread: `main`, `worker-0`, …; across processes the node's name comes first. */
  readonly host: string;
  /** Unique on its host. */
  readonly name: string;
}

/** Longest host or actor name, so that a frame's header stays small. */
export const addressPartCharsMax = 256;

/** The node part of a host's name: `n1` of `n1/main`; empty where one process is all there is. */
export function nodeOf(host: string): string {
  return host.slice(0, Math.max(0, host.indexOf("/")));
}
