/** A sync of two replicas of a shard that says what it does. */
import type { Clock } from "../../base/index.js";
import type { RepairLimits } from "./limits.js";
import { PairSync } from "./pair-sync.js";
import type { OnProgress, Pair, SyncReport } from "./pair-sync.js";
import { RepairLog } from "./repair-log.js";
import type { EmitRepair, RepairKind } from "./repair-log.js";
import type { Throttle } from "./throttle.js";

export interface LoggedSyncParts {
  readonly clock: Clock;
  readonly limits: RepairLimits;
  readonly throttle: Throttle;
  readonly emit: EmitRepair;
}

export interface SyncSubject {
  readonly collection: string;
  readonly shard: number;
  readonly dimension: number;
  readonly kind: RepairKind;
  readonly isStopped: () => boolean;
}

/** As `PairSync.run`. */
export async function loggedSync(
  parts: LoggedSyncParts,
  { collection, shard, kind, dimension, isStopped }: SyncSubject,
  pair: Pair,
  onProgress: OnProgress = () => undefined,
): Promise<SyncReport> {
  const { clock, emit, limits, throttle } = parts;
  const nodes = [pair[0].node, pair[1].node] as const;
  const log = new RepairLog(clock, emit, { collection, shard, kind, nodes });
  const syncParts = { clock, limits, throttle, dimension, isStopped };
  const report = await new PairSync(syncParts, pair, (one) => {
    onProgress(one);
    log.progress(one);
  }).run();
  log.finished(report);
  return report;
}
