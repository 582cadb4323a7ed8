/** What happens to actors and hosts, as events: for logs, the event stream and tests. */
import type { Clock } from "../base/index.js";

/** One thing that happened; `host` is the thread where it did. */
export interface RuntimeEvent {
  readonly type: string;
  /** Wall time. */
  readonly time_ms: number;
  readonly host: string;
  readonly [detail: string]: unknown;
}

/**
 * The runtime's own events. `emit` of an actor may use any other type.
 * `actor_*` carry `actor`; `*_crashed`, `*_failed` and `host_lost` carry `error` (plain form).
 */
export const runtimeEventTypes = [
  "actor_started",
  "actor_start_failed",
  "actor_stopped",
  "actor_crashed",
  "actor_killed",
  /** `stop` did not end in time, or failed; the actor counts as ended. */
  "actor_stop_failed",
  "host_started",
  "host_lost",
  /** With `after_ms`: how long the host was away. */
  "host_replaced",
  "host_stopped",
  /** A frame that could not be read; with `error`. */
  "frame_malformed",
] as const;

export type RuntimeEventType = (typeof runtimeEventTypes)[number];

export function runtimeEvent(
  clock: Clock,
  host: string,
  type: string,
  details: Readonly<Record<string, unknown>> = {},
): RuntimeEvent {
  return { ...details, type, time_ms: clock.now(), host };
}
