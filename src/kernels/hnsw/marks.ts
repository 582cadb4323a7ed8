/** Marks of the rows that a walk has met: one bit for each, in the scratch slot of the thread. */
import { ROWS, VISITED } from "./layout";

/** The word that holds the mark of a row. */
// @ts-ignore: decorator
@inline
export function markOf(scratch: usize, id: u32): usize {
  return scratch + VISITED + ((<usize>id >> 5) << 2);
}

/** Marks a row as met; whether it was already. */
// @ts-ignore: decorator
@inline
export function isMet(scratch: usize, id: u32): bool {
  const at = markOf(scratch, id);
  const before = load<u32>(at);
  const after = before | (1 << (id & 31));
  store<u32>(at, after);
  return before == after;
}

/**
 * Clears the marks of the last walk. Those of rows that come during this one are clear: whatever the
 * last walk has met was counted among the rows by now.
 */
// @ts-ignore: decorator
@inline
export function forgetMet(scratch: usize): void {
  memory.fill(scratch + VISITED, 0, (<usize>(atomic.load<u32>(ROWS) >> 5) + 1) << 2);
}
