/**
 * Reads that carry a commit token and came before its write. They wait here together: one look at
 * storage every few milliseconds serves all of them, and their number is bounded below what the
 * searcher handles at once, so that tokens which never come true cannot keep other reads out.
 */
import { DvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { Deadline } from "./deadline.js";

interface Waiter {
  readonly version: string;
  readonly deadline: Deadline;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const lookAgainMs = 2;
const retryAfterMs = 100;

export class CommitWaiters {
  readonly #clock: Clock;
  readonly #appliedVersion: () => string;
  readonly #countMax: number;
  #waiting: Waiter[] = [];

  /** `appliedVersion`: the newest version that a read begun now sees. */
  constructor(clock: Clock, appliedVersion: () => string, countMax: number) {
    this.#clock = clock;
    this.#appliedVersion = appliedVersion;
    this.#countMax = countMax;
  }

  /** Until a read sees `version`. Errors: `TIMEOUT`; `OVERLOADED` when too many wait already. */
  wait(version: string, deadline: Deadline): Promise<void> {
    if (this.#waiting.length >= this.#countMax) {
      const message = "too many reads wait for writes that are not here yet";
      throw new DvespError("OVERLOADED", message, { retry_after_ms: retryAfterMs });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ version, deadline, resolve, reject });
      if (this.#waiting.length === 1) this.#clock.after(lookAgainMs, this.#look);
    });
  }

  readonly #look = (): void => {
    const looked = this.#waiting;
    this.#waiting = [];
    try {
      const applied = this.#appliedVersion();
      for (const waiter of looked) if (!settled(waiter, applied)) this.#waiting.push(waiter);
    } catch (error) {
      for (const waiter of looked) waiter.reject(error);
    }
    if (this.#waiting.length > 0) this.#clock.after(lookAgainMs, this.#look);
  };
}

function settled({ version, deadline, resolve, reject }: Waiter, applied: string): boolean {
  try {
    deadline.check();
    if (applied < version) return false;
    resolve();
  } catch (error) {
    reject(error);
  }
  return true;
}
