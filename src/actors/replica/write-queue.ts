/**
 * Group commit: writes that arrive while a commit is under way wait and then share the next one, so
 * that many small writes cost few disk flushes. Pure bookkeeping; the actor does the committing.
 */
import type { PackedWrite, WriteMessage } from "./messages.js";

/** Bounds of one group: past them the rest waits for the next commit. */
const groupWritesMax = 512;
const groupBytesMax = 64 * 1024 * 1024;

export interface Waiting<Outcome> {
  readonly message: WriteMessage;
  readonly answer: (outcome: Outcome) => void;
  readonly refuse: (error: unknown) => void;
}

export class WriteQueue<Outcome> {
  #waiting: Waiting<Outcome>[] = [];

  push(entry: Waiting<Outcome>): void {
    this.#waiting.push(entry);
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** The next group, in order of arrival: at least one write if any waits. */
  takeGroup(): Waiting<Outcome>[] {
    let bytes = 0;
    let count = 0;
    for (const { message } of this.#waiting) {
      bytes += writeBytes(message.write);
      if (count > 0 && (bytes > groupBytesMax || count >= groupWritesMax)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}

/** Bytes that a write brings along. */
export function writeBytes(write: PackedWrite): number {
  const vectors = write.kind === "delete" ? undefined : write.vectors;
  const metadata = write.kind === "delete" ? undefined : write.metadata;
  return (
    (write.ids?.byteLength ?? 0) + (vectors?.byteLength ?? 0) + (metadata?.data.byteLength ?? 0)
  );
}
