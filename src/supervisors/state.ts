/** What a supervisor knows, what it hears, and what it wants done: the types of `decide`. */
import type { PlainError } from "../base/index.js";
import type { Termination } from "../runtime/index.js";
import type { CheckedSpec } from "./child-spec.js";

export type ChildPhase =
  | { readonly phase: "starting"; readonly host: string; readonly stopWanted: boolean }
  | { readonly phase: "running"; readonly host: string; readonly sinceMs: number }
  /** A restart is due later. */
  | { readonly phase: "delayed" }
  /** No host that it could run on is up. */
  | { readonly phase: "waiting_for_host" }
  | { readonly phase: "stopping"; readonly host: string }
  /** Not to be started again; `error` when it failed. */
  | { readonly phase: "ended"; readonly error?: PlainError };

export interface Child {
  readonly spec: CheckedSpec;
  readonly at: ChildPhase;
  /** Counts starts; what an earlier life reports late is ignored. */
  readonly life: number;
  readonly everRan: boolean;
  /** Failures in a row, for the back-off. */
  readonly attempt: number;
  /** Times of the restarts within the budget's window. */
  readonly restartsMs: readonly number[];
}

export interface HostView {
  readonly role: string;
  readonly up: boolean;
}

export interface SupervisorState {
  /** In the order in which they were added. */
  readonly children: ReadonlyMap<string, Child>;
  readonly hosts: ReadonlyMap<string, HostView>;
  /** `closing`: children are being stopped, the last one first. */
  readonly phase: "running" | "closing" | "closed";
}

export type SupervisorEvent =
  | { readonly type: "add"; readonly spec: CheckedSpec }
  | { readonly type: "remove"; readonly name: string }
  | { readonly type: "started"; readonly name: string; readonly life: number }
  | {
      readonly type: "start_failed";
      readonly name: string;
      readonly life: number;
      readonly error: PlainError;
    }
  | {
      readonly type: "exited";
      readonly name: string;
      readonly life: number;
      readonly end: Termination;
    }
  /** The child was stopped as wanted. */
  | { readonly type: "stopped"; readonly name: string; readonly life: number }
  /** A delay has run out. */
  | { readonly type: "due"; readonly name: string; readonly life: number }
  | { readonly type: "host"; readonly host: string; readonly role: string; readonly up: boolean }
  | { readonly type: "close" };

/** What happened to a child, for the event stream. */
export type LifecycleDetails =
  | {
      readonly type: "child_started";
      readonly child: string;
      readonly on: string;
      readonly life: number;
    }
  | { readonly type: "child_start_failed"; readonly child: string; readonly error: PlainError }
  | {
      readonly type: "child_exited";
      readonly child: string;
      readonly reason: Termination["reason"];
      readonly error?: PlainError;
    }
  | { readonly type: "child_restarting"; readonly child: string; readonly delay_ms: number }
  | { readonly type: "child_waiting_for_host"; readonly child: string }
  | { readonly type: "child_stopped"; readonly child: string }
  | { readonly type: "child_gave_up"; readonly child: string; readonly restarts: number }
  | { readonly type: "escalated"; readonly child: string };

export type Effect =
  | { readonly type: "start"; readonly name: string; readonly life: number; readonly host: string }
  | { readonly type: "stop"; readonly name: string; readonly life: number; readonly host: string }
  | {
      readonly type: "delay";
      readonly name: string;
      readonly life: number;
      readonly delayMs: number;
    }
  | { readonly type: "emit"; readonly event: LifecycleDetails }
  /** The budget of this child is used up: the supervisor fails as a whole. */
  | { readonly type: "escalate"; readonly name: string; readonly error: PlainError };

export interface Decision {
  readonly state: SupervisorState;
  readonly effects: readonly Effect[];
}

export const emptyState: SupervisorState = {
  children: new Map(),
  hosts: new Map(),
  phase: "running",
};
