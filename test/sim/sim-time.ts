/**
 * The time of a simulation: stands still while anything can go on, then jumps to the next timer. One loop
 * drives it for all who wait.
 */
import { DvespError, VirtualClock } from "../../src/base/index.js";
import type { Clock } from "../../src/base/index.js";
import { quiet } from "./turns.js";

interface Waiter {
  readonly limitMs: number;
  readonly giveUp: (error: DvespError) => void;
}

export class SimTime {
  readonly #clock: VirtualClock;
  readonly #waiters = new Set<Waiter>();
  #running = false;

  constructor(startMs?: number) {
    this.#clock = new VirtualClock(startMs);
  }

  /** True time: that of no node. */
  get clock(): Clock {
    return this.#clock;
  }

  now(): number {
    return this.#clock.monotonic();
  }

  /**
   * Lets time go on until `work` has ended, and gives how it ended. Errors: `TIMEOUT` when it has not
   * within `limitMs`, or never will.
   */
  until<T>(work: Promise<T>, limitMs = 600_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter = { limitMs: this.now() + limitMs, giveUp: reject };
      this.#waiters.add(waiter);
      const end = (): void => {
        this.#waiters.delete(waiter);
      };
      work.then(end, end);
      work.then(resolve, reject);
      void this.#run();
    });
  }

  /** Lets so much time pass. */
  pass(ms: number): Promise<void> {
    return this.until(new Promise<void>((resolve) => this.#clock.after(ms, resolve)), ms);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (;;) {
      await quiet();
      if (this.#waiters.size === 0) break;
      const limitMs = Math.min(...[...this.#waiters].map((one) => one.limitMs));
      if (!this.#clock.fireNext(limitMs)) this.#giveUp(limitMs);
    }
    this.#running = false;
  }

  #giveUp(limitMs: number): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.limitMs > limitMs) continue;
      this.#waiters.delete(waiter);
      waiter.giveUp(new DvespError("TIMEOUT", "what the simulation waits for does not come"));
    }
  }
}
