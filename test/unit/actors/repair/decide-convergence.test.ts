import { describe, expect, it } from "vitest";
import { makeVersion, versionTime } from "../../../../src/consistency/index.js";
import { decideConvergence } from "../../../../src/actors/repair/decide-convergence.js";
import { repairLimits } from "../../../../src/actors/repair/limits.js";
import type { MerkleState } from "../../../../src/actors/replica/replication-messages.js";

const nowMs = 1_700_000_000_000;
const at = (ageMs: number): string => makeVersion(nowMs - ageMs, 3, "n2");
const { underWayMs, hintMs, dropEveryMs } = repairLimits;

function stateOf(changes: Partial<MerkleState> = {}): MerkleState {
  const root = "00";
  return { root, rows: 1, applied_version: at(1000), converged_version: "", ...changes };
}

const facts = { beganMs: nowMs, states: [stateOf(), stateOf()], staged: [], dropped: "" };

describe("decideConvergence", () => {
  it("takes what is older than any write under way", () => {
    const told = decideConvergence(facts, repairLimits)!;
    expect(versionTime(told.version)).toBe(nowMs - underWayMs);
    expect(told.version < at(underWayMs)).toBe(true);
  });

  it("stays below every batch that is not decided", () => {
    const staged = [at(underWayMs + 5000), at(underWayMs + 9000)];
    const told = decideConvergence({ ...facts, staged }, repairLimits)!;
    expect(told.version < staged[1]!).toBe(true);
    expect(versionTime(told.version)).toBe(nowMs - underWayMs - 9001);
  });

  it("drops only what no hint or write under way may precede, in steps of time", () => {
    const { drop } = decideConvergence(facts, repairLimits)!;
    const dropMs = versionTime(drop);
    expect(dropMs % dropEveryMs).toBe(0);
    expect(dropMs).toBeLessThanOrEqual(nowMs - hintMs - 2 * underWayMs);
    expect(dropMs).toBeGreaterThan(nowMs - hintMs - 2 * underWayMs - dropEveryMs);
  });

  it("never drops beyond what has converged", () => {
    const staged = [at(5 * hintMs)];
    const told = decideConvergence({ ...facts, staged }, repairLimits)!;
    expect(told.drop <= told.version).toBe(true);
    expect(told.drop < staged[0]!).toBe(true);
  });

  it("says nothing that the replicas know, until more tombstones may go", () => {
    const states = [stateOf({ converged_version: at(0) }), stateOf({ converged_version: at(500) })];
    const { drop } = decideConvergence(facts, repairLimits)!;
    const known = { ...facts, states, dropped: drop };
    expect(decideConvergence(known, repairLimits)).toBeUndefined();
    const later = { ...known, beganMs: nowMs + dropEveryMs };
    expect(decideConvergence(later, repairLimits)?.drop).toBe(
      makeVersion(versionTime(drop) + dropEveryMs, 0, "0"),
    );
  });
});
