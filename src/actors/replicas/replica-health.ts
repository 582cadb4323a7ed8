/**
 * A replica that takes questions and answers none is worse than one that is dead: everybody waits for
 * it. After a few of them in a row it is passed over for a while, then given another chance.
 */
import type { Clock } from "../../base/index.js";
import type { AskResult } from "../../runtime/index.js";

const unansweredMax = 3;
const restMs = 2000;
/** Who asked in a greater hurry has learned nothing of the replica. */
const patienceMs = 1000;

export class ReplicaHealth {
  readonly #clock: Clock;
  #unanswered = 0;
  #restsUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isWell(): boolean {
    return this.#clock.monotonic() >= this.#restsUntilMs;
  }

  /** Notes how a question ended that was given so much time. */
  note({ outcome }: AskResult<unknown>, timeoutMs: number): void {
    if (outcome !== "timeout") {
      this.#unanswered = 0;
      return;
    }
    if (timeoutMs < patienceMs || ++this.#unanswered < unansweredMax) return;
    this.#restsUntilMs = this.#clock.monotonic() + restMs;
  }
}
