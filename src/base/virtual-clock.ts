/**
 * A clock that moves only when told to: tests and simulations run hours in milliseconds, and twice
 * the same. Timers of one instant fire in the order in which they were set.
 */
import type { Clock, Timer } from "./clock.js";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #pending: Pending[] = [];

  constructor(start_ms = 1_700_000_000_000) {
    this.#now = start_ms;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delay_ms: number, action: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, delay_ms), order: this.#order++, action };
    this.#pending.push(entry);
    return { cancel: () => void (this.#pending = this.#pending.filter((one) => one !== entry)) };
  }

  /** Timers not yet fired. */
  get pending(): number {
    return this.#pending.length;
  }

  /**
   * Moves time forward by `delta_ms`, firing what falls due on the way. Between two timers the
   * microtask queue is drained, so that promise chains started by one see their own instant.
   */
  async advance(delta_ms: number): Promise<void> {
    const end = this.#now + delta_ms;
    await drainMicrotasks();
    for (let next = this.#earliest(); next && next.at <= end; next = this.#earliest()) {
      this.#now = next.at;
      this.#pending = this.#pending.filter((one) => one !== next);
      next.action();
      await drainMicrotasks();
    }
    this.#now = end;
  }

  #earliest(): Pending | undefined {
    let best: Pending | undefined;
    for (const one of this.#pending) {
      if (!best || one.at < best.at || (one.at === best.at && one.order < best.order)) best = one;
    }
    return best;
  }
}

/** Waits until every promise chain that can go on without time or input has done so. */
export function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
