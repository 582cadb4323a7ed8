/**
 * Whose turn it is on this thread. Actors that have something to do queue here and get bounded
 * turns; after `limits.messagesPerTurn` messages the thread goes back to its event loop, so that
 * actors that keep each other busy starve neither timers nor sockets.
 */
import { limits } from "../base/index.js";

export interface Runnable {
  /** Handles at most `messagesMax` messages; gives the number handled. */
  turn(messagesMax: number): number;
}

/** Runs `action` after the event loop has had its turn. */
export type YieldTurn = (action: () => void) => void;

/** The yield of a real thread; simulations pass `queueMicrotask`. */
export const yieldToEventLoop: YieldTurn = (action) => void setImmediate(action);

export class Dispatcher {
  readonly #yieldTurn: YieldTurn;
  #ready: Runnable[] = [];
  #scheduled = false;
  #sinceYield = 0;

  constructor(yieldTurn: YieldTurn) {
    this.#yieldTurn = yieldTurn;
  }

  /** Gives `runnable` a turn soon, never within this call. It must not be queued already. */
  ready(runnable: Runnable): void {
    this.#ready.push(runnable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#sinceYield < limits.messagesPerTurn) queueMicrotask(this.#run);
    else this.#yieldTurn(this.#afterYield);
  }

  readonly #afterYield = (): void => {
    this.#sinceYield = 0;
    this.#run();
  };

  readonly #run = (): void => {
    const round = this.#ready;
    this.#ready = [];
    for (let index = 0; index < round.length; index++) {
      if (this.#sinceYield >= limits.messagesPerTurn) {
        this.#ready = round.slice(index).concat(this.#ready);
        break;
      }
      this.#sinceYield += (round[index] as Runnable).turn(limits.messagesPerTurn);
    }
    this.#scheduled = false;
    const next = this.#ready.pop();
    if (next) this.ready(next);
  };
}
