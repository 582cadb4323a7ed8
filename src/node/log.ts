/** Logs: one line of JSON per event that an operator would want to know of. */
import { pino } from "pino";
import type { StoreEvent } from "../protocol/index.js";

export type Log = ReturnType<typeof makeLog>;

/** `level`: one of pino's, or `silent`. `labels` are on every line. */
export function makeLog(level: string, labels: Readonly<Record<string, string>> = {}) {
  return pino({ name: "dvesp", level }).child(labels);
}

/** Events that mean that something went wrong, and was or is being dealt with. */
const warnings: ReadonlySet<string> = new Set([
  "actor_crashed",
  "actor_start_failed",
  "actor_stop_failed",
  "child_exited",
  "child_restarting",
  "collection_failed",
  "disk_has_room",
  "host_lost",
  "frame_malformed",
  "hints_lost",
  "index_attach_failed",
  "index_helper_lost",
  "index_metric_failed",
  "index_publish_failed",
  "index_rebuild_failed",
  "index_snapshot_failed",
  "index_snapshot_skipped",
  "node_remove_failed",
  "node_state",
  "peer_refused",
  "recovery_blocked",
  "repair_failed",
  "replica_data_lost",
  "thread_failed",
]);
const failures: ReadonlySet<string> = new Set([
  "child_gave_up",
  "disk_full",
  "escalated",
  "node_failed",
]);
/** Too many to log one by one; /metrics counts them. */
const counted: ReadonlySet<string> = new Set(["write", "watch"]);

export function logEvent(log: Log, event: StoreEvent): void {
  const { type, ...details } = event;
  if (counted.has(type)) return;
  if (failures.has(type)) log.error(details, type);
  else if (warnings.has(type)) log.warn(details, type);
  else log.debug(details, type);
}
