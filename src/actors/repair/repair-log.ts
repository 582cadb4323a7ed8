/** Events of repair: what is told to logs, the event stream and dashboards, at most one a second. */
import type { Clock, DvespError } from "../../base/index.js";
import type { SyncReport } from "./pair-sync.js";
import type { RecoveryState } from "./recovery.js";

/** `anti_entropy` keeps active replicas alike; `recovery` fills one; `handover` empties one. */
export type RepairKind = "anti_entropy" | "recovery" | "handover";

export type EmitRepair = (event: {
  readonly type: string;
  readonly [detail: string]: unknown;
}) => void;

export interface RepairSubject {
  readonly collection: string;
  readonly shard: number;
  readonly kind: RepairKind;
  /** The two replicas. */
  readonly nodes: readonly [string, string];
}

const progressEveryMs = 1000;

/** The events of one sync; nothing is said of one that has nothing to copy. */
export class RepairLog {
  readonly #clock: Clock;
  readonly #emit: EmitRepair;
  readonly #subject: RepairSubject;
  readonly #beganMs: number;
  #isStarted = false;
  #saidMs = 0;

  constructor(clock: Clock, emit: EmitRepair, subject: RepairSubject) {
    this.#clock = clock;
    this.#emit = emit;
    this.#subject = subject;
    this.#beganMs = clock.monotonic();
    this.#saidMs = this.#beganMs;
  }

  progress(report: SyncReport): void {
    if (copiedRows(report) === 0) return;
    const nowMs = this.#clock.monotonic();
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#emit({ type: "repair_started", ...this.#subject, buckets: report.buckets });
    }
    if (nowMs - this.#saidMs < progressEveryMs) return;
    this.#saidMs = nowMs;
    this.#emit({ type: "repair_progress", ...this.#subject, ...counts(report) });
  }

  finished(report: SyncReport): void {
    if (report.conflicts > 0) {
      this.#emit({ type: "repair_conflict", ...this.#subject, rows: report.conflicts });
    }
    if (!this.#isStarted) return;
    const took_ms = this.#clock.monotonic() - this.#beganMs;
    this.#emit({ type: "repair_finished", ...this.#subject, ...counts(report), took_ms });
  }

  /** A replica that was lost together with those of other nodes: too few have what it needs. */
  blocked({ read, needed, lostWith }: RecoveryState): void {
    const { collection, shard, nodes } = this.#subject;
    const replicas = `the replicas of ${[nodes[0], ...lostWith].join(", ")}`;
    this.#emit({
      type: "recovery_blocked",
      ...{
        collection,
        shard,
        node: nodes[0],
        lost_with: lostWith,
        filled_from: read,
        to_fill: needed,
      },
      advice:
        `${replicas} lost their data at once, so that acknowledged rows may be gone, and writes are refused. ` +
        "Read at ONE what is left, insert it into a new collection, and drop this one.",
    });
  }

  failed(error: DvespError): void {
    this.#emit({ type: "repair_failed", ...this.#subject, error: error.toPlain() });
  }
}

function copiedRows({ copied: [first, second] }: SyncReport): number {
  return first + second;
}

function counts(report: SyncReport) {
  const { buckets, bucketsDone: buckets_done, copied, rowBytes, entryBytes } = report;
  return { buckets, buckets_done, rows_copied: copied, bytes: rowBytes + entryBytes };
}
