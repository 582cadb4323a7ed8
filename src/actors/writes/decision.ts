/** How the decision on a batch over shards is written into its register. */
import { assert } from "../../base/index.js";

export type Decision = "commit" | "abort";

/**
 * Longer than any replica may be away before it counts as lost and is filled anew: a batch must never
 * wait with a replica for a decision that was forgotten.
 */
const rememberMs = 30 * 24 * 3600 * 1000;

/** The register of a batch, and what is proposed for it. */
export function proposal(batch: string, home: number, decide: Decision) {
  const value = Uint8Array.of(decide === "commit" ? 1 : 0);
  return { shard: home, key: `batch/${batch}`, value, rememberMs };
}

export function decision(value: Uint8Array): Decision {
  assert(value.length === 1 && (value[0] === 0 || value[0] === 1), "a decision is 0 or 1");
  return value[0] === 1 ? "commit" : "abort";
}
