/** Several sequences of entries, each in ascending order of ids, as one: entries of one id together. */
import type { IdEntry } from "./row-store.js";

interface Head {
  readonly entry: IdEntry;
  readonly rest: Iterator<IdEntry>;
}

export function* mergeById(sources: readonly Iterable<IdEntry>[]): Iterable<IdEntry[]> {
  /** In ascending order of ids. */
  const heads: Head[] = [];
  for (const source of sources) advance(heads, source[Symbol.iterator]());
  while (heads.length > 0) {
    const same: IdEntry[] = [];
    do {
      const { entry, rest } = heads.shift() as Head;
      same.push(entry);
      advance(heads, rest);
    } while (heads[0] && Buffer.compare(heads[0].entry.id, (same[0] as IdEntry).id) === 0);
    yield same;
  }
}

/** Puts the next entry of `rest`, if there is one, at its place among the heads. */
function advance(heads: Head[], rest: Iterator<IdEntry>): void {
  const next = rest.next();
  if (next.done) return;
  const entry = next.value;
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare((heads[middle] as Head).entry.id, entry.id) < 0) low = middle + 1;
    else high = middle;
  }
  heads.splice(low, 0, { entry, rest });
}
