/**
 * How much of each turn of this thread's event loop reads may take. A turn is everybody's, so all
 * collections of a node share one of these: one read at a time, and none is begun once the turn has
 * lasted too long since its first. Then timers and sockets are served before the next one.
 */
import { assert } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { YieldTurn } from "../../runtime/index.js";

export interface LoopTurnOptions {
  readonly clock: Clock;
  readonly msMax: number;
  readonly yieldTurn: YieldTurn;
}

export class LoopTurn {
  readonly #options: LoopTurnOptions;
  /** When the present turn has lasted long enough; undefined before its first read. */
  #endMs: number | undefined;
  #isTaken = false;
  #waiting: (() => void)[] = [];

  constructor(options: LoopTurnOptions) {
    this.#options = options;
  }

  /** Whether a read is under way on this thread. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Whether a read may begin now. */
  get hasRoom(): boolean {
    if (this.#isTaken) return false;
    return this.#endMs === undefined || this.#options.clock.monotonic() < this.#endMs;
  }

  /** A read begins. */
  take(): void {
    assert(!this.#isTaken, "one read at a time");
    this.#isTaken = true;
    const { clock, msMax } = this.#options;
    if (this.#endMs === undefined) this.#begin(clock.monotonic() + msMax);
  }

  /** It has ended. */
  leave(): void {
    this.#isTaken = false;
  }

  /** Calls `action` once timers and sockets have been served. */
  whenTurned(action: () => void): void {
    this.#waiting.push(action);
    if (this.#endMs === undefined) this.#begin(0);
  }

  #begin(endMs: number): void {
    this.#endMs = endMs;
    this.#options.yieldTurn(this.#end);
  }

  readonly #end = (): void => {
    const waiting = this.#waiting;
    this.#endMs = undefined;
    this.#waiting = [];
    for (const action of waiting) action();
  };
}
