/**
 * What the systems of two hosts say to each other. Requests are asks to a host's system and are
 * answered; signals are told, and never refused by a link. Links join threads and nodes of one
 * deployment: who may send these may run code there.
 */
import type { Termination } from "./actor.js";
import type { RuntimeEvent } from "./events.js";

export type SystemSignal =
  | { readonly type: "watch"; readonly id: number; readonly name: string }
  | { readonly type: "unwatch"; readonly id: number }
  | { readonly type: "terminated"; readonly id: number; readonly end: Termination }
  | { readonly type: "host_lost"; readonly host: string }
  | { readonly type: "node_lost"; readonly node: string }
  | { readonly type: "event"; readonly event: RuntimeEvent }
  | { readonly type: "kill"; readonly name: string };

/** Ways in which a test may end a host's thread from inside. */
export type DeathKind = "throw" | "exit" | "out_of_memory";

export interface SpawnMessage {
  readonly type: "spawn";
  readonly name: string;
  readonly module: string;
  readonly export: string;
  readonly args: unknown;
  readonly start_ms: number;
}

export type SystemRequest =
  | SpawnMessage
  | { readonly type: "stop"; readonly name: string; readonly shutdown_ms: number }
  /** Answered once the host runs. */
  | { readonly type: "ping" }
  /** Stops all actors of the host, the last one started first, then ends the host. */
  | { readonly type: "end"; readonly limit_ms: number }
  | { readonly type: "die"; readonly how: DeathKind };
