/**
 * What a seed is about. Most are of the standard mix, where anything may fail. Some look closer:
 *
 * - `contended`: more clients write conditionally to two rows, most without a key, so that promises meet.
 * - `hinted`: links are cut and nodes stand still, and replicas are not compared: whatever was acknowledged has
 *   to reach all of them by hints, and soon.
 * - `replaced`: one machine loses its disk, once. Writes at ONE, which may go with it, are left out.
 */
export const mixes = ["standard", "contended", "hinted", "replaced"] as const;
export type Mix = (typeof mixes)[number];

const bySeed: readonly Mix[] = [
  ...(["standard", "standard", "standard", "contended"] as const),
  ...(["standard", "replaced", "standard", "hinted"] as const),
];

export function mixOf(seed: number): Mix {
  return bySeed[seed % bySeed.length] ?? "standard";
}

/** A name, or "any": as the seed has it. */
export function mixNamed(name: string, seed: number): Mix {
  if (name === "any") return mixOf(seed);
  const found = mixes.find((one) => one === name);
  if (!found) throw new Error(`no mix ${name}: ${mixes.join(", ")}, or any`);
  return found;
}
