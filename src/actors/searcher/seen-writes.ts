/** Which writes a read sees: those that its commit token may name. */
import type { CommitPoint } from "../../consistency/index.js";
import type { RowSnapshot } from "../../storage/index.js";
import { decodeStanding } from "../replica/standing.js";

/**
 * Of a write that came out of turn only its record tells, or that all replicas have come to hold
 * everything up to it; where there is one replica, all come in turn.
 */
export function seenWrites(
  snapshot: Pick<RowSnapshot, "appliedVersion" | "standing" | "operation">,
  points: readonly CommitPoint[],
  nowMs: number,
  isOnlyReplica: boolean,
): boolean[] {
  const whole = isOnlyReplica ? snapshot.appliedVersion : convergedVersion(snapshot);
  return points.map(
    ({ version, operation_id }) =>
      whole >= version || snapshot.operation(operation_id, nowMs) !== undefined,
  );
}

/** Everything up to this version is in the snapshot, as far as all replicas together know. */
function convergedVersion({ standing }: Pick<RowSnapshot, "standing">): string {
  return standing ? decodeStanding(standing).converged : "";
}
