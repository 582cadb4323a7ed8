/**
 * Programmer errors. A failed assertion is a bug of ours, never bad input: it crashes the actor that
 * met it, and the supervisor acts.
 */

export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** The end of an exhaustive match: the compiler proves that no variant is left. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable variant: ${JSON.stringify(value)}`);
}

/** `value`, which must be there: indexed access that is known to be in range. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AssertionFailure(`${what} is missing`);
  return value;
}
