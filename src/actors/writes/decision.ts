/** How the decision on a batch is written into its register. */
import { assert } from "../../base/index.js";

/** `places`: where each shard begins that the batch writes to. */
export type Decision =
  { readonly kind: "commit"; readonly places: readonly number[] } | { readonly kind: "abort" };

/**
 * Longer than any replica may be away before it counts as lost and is filled anew: a batch must never
 * wait with a replica for a decision that was forgotten.
 */
const rememberMs = 30 * 24 * 3600 * 1000;

/** The register of a batch, and what is proposed for it. Layout: u8 1 or 0, u32 each place. */
export function proposal(batch: string, home: number, decision: Decision) {
  const places = decision.kind === "commit" ? decision.places : [];
  const value = Buffer.alloc(1 + 4 * places.length);
  value[0] = decision.kind === "commit" ? 1 : 0;
  places.forEach((place, index) => value.writeUInt32LE(place, 1 + 4 * index));
  return { place: home, key: `batch/${batch}`, value: new Uint8Array(value), rememberMs };
}

export function readDecision(value: Uint8Array): Decision {
  assert(value.length % 4 === 1 && (value[0] === 0 || value[0] === 1), "a decision is 0 or 1");
  if (value[0] === 0) return { kind: "abort" };
  const bytes = Buffer.from(value);
  const count = (bytes.length - 1) / 4;
  const places = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(1 + 4 * index));
  return { kind: "commit", places };
}
