/** How a snapshot is taken for one piece of reading: whatever comes of that, it is let go. */
import type { RowSnapshot, RowStore } from "./row-store.js";

/** What `read` comes to; it must be done with the snapshot, and with iterators over it, when it returns. */
export function readSnapshot<Result>(
  store: Pick<RowStore, "snapshot">,
  read: (snapshot: RowSnapshot) => Result,
): Result {
  const snapshot = store.snapshot();
  try {
    return read(snapshot);
  } finally {
    snapshot.release();
  }
}
