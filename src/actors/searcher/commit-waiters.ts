/**
 * Reads that carry a commit token and came before its write. They wait here together: one look at
 * storage every few milliseconds serves all of them, and their number is bounded below what the
 * searcher handles at once, so that tokens which never come true cannot keep other reads out.
 */
import { DvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { CommitPoint } from "../../consistency/index.js";
import type { Deadline } from "./deadline.js";

interface Waiter {
  readonly point: CommitPoint;
  readonly deadline: Deadline;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Which of some writes a read begun now sees. */
export type Seen = (points: readonly CommitPoint[]) => readonly boolean[];

const lookAgainMs = 2;
const retryAfterMs = 100;

export class CommitWaiters {
  readonly #clock: Clock;
  readonly #seen: Seen;
  readonly #countMax: number;
  #waiting: Waiter[] = [];

  constructor(clock: Clock, seen: Seen, countMax: number) {
    this.#clock = clock;
    this.#seen = seen;
    this.#countMax = countMax;
  }

  /** Until a read sees the write. Errors: `TIMEOUT`; `OVERLOADED` when too many wait already. */
  wait(point: CommitPoint, deadline: Deadline): Promise<void> {
    if (this.#waiting.length >= this.#countMax) {
      const message = "too many reads wait for writes that are not here yet";
      throw new DvespError("OVERLOADED", message, { retry_after_ms: retryAfterMs });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ point, deadline, resolve, reject });
      if (this.#waiting.length === 1) this.#clock.after(lookAgainMs, this.#look);
    });
  }

  readonly #look = (): void => {
    const looked = this.#waiting;
    this.#waiting = [];
    try {
      const seen = this.#seen(looked.map(({ point }) => point));
      looked.forEach((waiter, index) => {
        if (!settled(waiter, seen[index] === true)) this.#waiting.push(waiter);
      });
    } catch (error) {
      for (const waiter of looked) waiter.reject(error);
    }
    if (this.#waiting.length > 0) this.#clock.after(lookAgainMs, this.#look);
  };
}

function settled({ deadline, resolve, reject }: Waiter, isSeen: boolean): boolean {
  try {
    deadline.check();
    if (!isSeen) return false;
    resolve();
  } catch (error) {
    reject(error);
  }
  return true;
}
