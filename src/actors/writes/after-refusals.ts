/** What a coordinator does about refusals before it tries again. */
import { isDvespError, randomBelow, sleep } from "../../base/index.js";
import type { HybridClock } from "../../consistency/index.js";
import type { Refusal } from "../replica/replication-messages.js";
import type { ShardAccess } from "../replicas/access.js";
import type { WriteParts } from "./write-parts.js";

/** How long an undecided batch gets to be decided. */
const stagedMs = 20;
/** Rivals that refuse each other wait a time of chance, so that one of them comes through. */
const rivalMs = 8;

/**
 * Moves the clock above what was seen, waits for a newer map, or for a batch to be decided. Whether a
 * version larger than the one given is needed.
 */
export async function afterRefusals(
  { versions, access, clock, random }: WriteParts,
  { shard }: ShardAccess,
  refusals: readonly Refusal[],
): Promise<boolean> {
  let isBehind = false;
  for (const refusal of refusals) {
    if (refusal.refused !== "behind") continue;
    observe(versions, refusal.version);
    isBehind = true;
  }
  if (refusals.some(({ refused }) => refused === "stale")) {
    await access.newer(shard.id, shard.epoch);
  }
  if (refusals.some(({ refused }) => refused === "staged")) await sleep(clock, stagedMs);
  else if (isBehind) await sleep(clock, randomBelow(random, rivalMs));
  return isBehind;
}

/** A stamp from too far in the future is not taken over: the write is refused there until its deadline. */
function observe(versions: HybridClock, version: string): void {
  try {
    versions.observe(version);
  } catch (error) {
    if (!isDvespError(error)) throw error;
  }
}
