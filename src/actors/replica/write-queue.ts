/**
 * Group commit: work that arrives while a commit is under way waits and then shares the next one, so
 * that many small writes cost few disk flushes. Pure bookkeeping; `Committer` does the committing.
 */
import type { Done, GroupPlan } from "./group-plan.js";
import type { PackedWrite } from "./messages.js";

/** Bounds of one group: past them the rest waits for the next commit. */
const groupWorkMax = 512;
const groupBytesMax = 64 * 1024 * 1024;

/** Something that a commit does: a write, or anything else that must be durable before its answer. */
export interface Work<Answer> {
  /** Bytes that it brings along. */
  readonly bytes: number;
  /** Judges first, then plans; what it throws refuses this piece alone, so nothing may be planned by then. */
  readonly plan: (group: GroupPlan) => Done<Answer>;
}

export interface Waiting {
  readonly bytes: number;
  /** Plans the work; what it returns answers it. */
  readonly plan: (group: GroupPlan) => (root: string) => void;
  readonly refuse: (error: unknown) => void;
}

export class WriteQueue {
  #waiting: Waiting[] = [];

  /** Resolves with what the work is answered, or rejects with why it was refused. */
  add<Answer>({ bytes, plan }: Work<Answer>): Promise<Answer> {
    return new Promise<Answer>((answer, refuse) => {
      const planned = (group: GroupPlan): ((root: string) => void) => {
        const done = plan(group);
        return (root) => answer(new Promise((resolve) => resolve(done(root))));
      };
      this.#waiting.push({ bytes, plan: planned, refuse });
    });
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** The next group, in order of arrival: at least one piece if any waits. */
  takeGroup(): Waiting[] {
    let sum = 0;
    let count = 0;
    for (const { bytes } of this.#waiting) {
      sum += bytes;
      if (count > 0 && (sum > groupBytesMax || count >= groupWorkMax)) break;
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
