/** Whether a child that ended is started again, when, and how often. All pure. */
import type { Random } from "../base/index.js";
import { type Termination, backoffDelayMs } from "../runtime/index.js";
import type { Backoff, RestartPolicy } from "./child-spec.js";
import type { Child } from "./state.js";

/** The policies of OTP's supervisor; a lost host counts as a failure. */
export function isRestarted(policy: RestartPolicy, reason: Termination["reason"]): boolean {
  switch (policy) {
    case "permanent":
      return true;
    case "transient":
      return reason !== "normal";
    case "temporary":
      return false;
  }
}

/** The restarts that still count, with one more now; undefined when that is over the budget. */
export function spendRestart(
  restartsMs: readonly number[],
  { restarts, withinMs }: Backoff["budget"],
  nowMs: number,
): readonly number[] | undefined {
  const counted = restartsMs.filter((atMs) => nowMs - atMs < withinMs);
  return counted.length < restarts ? [...counted, nowMs] : undefined;
}

/** Failures in a row before this one: none, when the child ran long enough to be well. */
export function attemptsBefore(child: Child, nowMs: number): number {
  const ranMs = child.at.phase === "running" ? nowMs - child.at.sinceMs : 0;
  return ranMs >= child.spec.backoff.resetMs ? 0 : child.attempt;
}

/**
 * How long to wait before the next start. A child that lost its host did nothing wrong: the first
 * time it starts again at once.
 */
export function restartDelayMs(
  backoff: Backoff,
  attempt: number,
  hostLost: boolean,
  random: Random,
): number {
  if (hostLost && attempt === 0) return 0;
  return backoffDelayMs(backoff, attempt, random);
}
