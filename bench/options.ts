/** Options of a run that it cannot do without. */

/** The value of `--name`. Throws when it was not given. */
export function required<Name extends string>(
  options: Readonly<Partial<Record<Name, string | boolean | undefined>>>,
  name: Name,
): string {
  const value = options[name];
  if (typeof value !== "string") throw new Error(`--${name} is missing`);
  return value;
}

/** A metric that sets with a given truth are compared by. Throws for another one. */
export function metricOf(name: string): "l2" | "cosine" {
  if (name !== "l2" && name !== "cosine") throw new Error("--metric is l2 or cosine");
  return name;
}
