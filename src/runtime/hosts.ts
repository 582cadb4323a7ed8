/**
 * The actor hosts of a node besides its main thread, whatever they are made of: `HostPool` has worker
 * threads, `LocalHosts` has them all in the thread of the caller.
 */
import type { HostState } from "./host-slot.js";
import type { DeathKind } from "./signals.js";

export interface HostSpec {
  readonly name: string;
  /** What the host is for; child specs may ask for any host of a role. */
  readonly role: string;
  /** Threads beside its own that tasks of its actors may take; default 1, and none until used. */
  readonly taskThreads?: number;
  /** Its threads give way to those of other hosts where the system can tell threads apart; default no. */
  readonly givesWay?: boolean;
}

export interface HostStatus extends HostSpec {
  readonly state: HostState;
}

export type HostListener = (status: HostStatus) => void;

export interface Hosts {
  /**
   * Starts all hosts; resolves when each has been up once. Rejects with `TIMEOUT`, and all closed,
   * when that takes longer than `limitMs`.
   */
  start(limitMs?: number): Promise<void>;
  hosts(): readonly HostStatus[];
  /** Calls `listener` at each change of a host's state, until the returned function is called. */
  onHost(listener: HostListener): () => void;
  /**
   * Ends a host the hard way, for tests. Errors: `PERMISSION_DENIED` unless they were made with
   * `testHooks`, `INVALID_ARGUMENT` for an unknown host, `CLOSED` when it is away.
   */
  killHost(name: string, how: DeathKind | "terminate"): Promise<void>;
  /** Stops all actors and hosts; takes `limitMs` and little more, whatever they do. */
  close(limitMs: number): Promise<void>;
}
