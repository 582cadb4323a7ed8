/**
 * Whether a history of operations on one register can have happened one after the other, each at a moment
 * between its begin and its end (Wing & Gong, "Testing and Verifying Concurrent Objects", 1993, with the
 * memory of Lowe's improvement). An operation whose outcome is unknown may have happened at any time
 * after its begin, or never.
 */

export interface HistoryEntry {
  readonly beginMs: number;
  /** Infinity: unknown. */
  readonly endMs: number;
  readonly name: string;
  /** The state after it; undefined: it cannot have happened in `state`, answered as it was. */
  readonly apply: (state: string) => string | undefined;
}

/** True when there is an order; looks at at most `statesMax` states, and throws beyond. */
export function isLinearizable(
  history: readonly HistoryEntry[],
  initial: string,
  statesMax = 200_000,
): boolean {
  const entries = [...history].sort((a, b) => a.beginMs - b.beginMs);
  const seen = new Set<string>();
  let states = 0;

  const search = (done: bigint, state: string): boolean => {
    const key = `${done.toString(36)} ${state}`;
    if (seen.has(key)) return false;
    seen.add(key);
    if (++states > statesMax) throw new Error("the history is too long to be checked");
    const open = entries.flatMap((_, index) => ((done >> BigInt(index)) & 1n ? [] : [index]));
    // None can come before one that ended before it began.
    const firstEndMs = Math.min(...open.map((index) => entries[index]?.endMs ?? Infinity));
    if (firstEndMs === Infinity) return true;
    for (const index of open) {
      const entry = entries[index] as HistoryEntry;
      if (entry.beginMs > firstEndMs) break;
      const next = entry.apply(state);
      if (next !== undefined && search(done | (1n << BigInt(index)), next)) return true;
    }
    return false;
  };
  return search(0n, initial);
}
