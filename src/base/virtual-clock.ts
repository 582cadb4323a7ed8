/**
 * A clock that moves only when told to: tests and simulations run hours in milliseconds, and twice
 * the same. Timers of one instant fire in the order in which they were set.
 */
import type { Clock, Timer } from "./clock.js";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
  isCancelled: boolean;
}

export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  /** A binary heap; the first fires first. Timers that were cancelled leave it when their time comes. */
  readonly #heap: Pending[] = [];
  #cancelled = 0;

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
    const at = this.#now + Math.max(0, delay_ms);
    const entry = { at, order: this.#order++, action, isCancelled: false };
    this.#push(entry);
    return { cancel: () => this.#cancel(entry) };
  }

  /** Timers not yet fired. */
  get pending(): number {
    return this.#heap.length - this.#cancelled;
  }

  /**
   * Moves time forward by `delta_ms`, firing what falls due on the way. Between two timers the
   * microtask queue is drained, so that promise chains started by one see their own instant.
   */
  async advance(delta_ms: number): Promise<void> {
    const end = this.#now + delta_ms;
    await drainMicrotasks();
    while (this.fireNext(end)) await drainMicrotasks();
    this.#now = end;
  }

  /** Moves on to the next timer and fires it; false when there is none up to the time `end_ms`. */
  fireNext(end_ms: number): boolean {
    let next = this.#heap[0];
    for (; next?.isCancelled; next = this.#heap[0]) {
      this.#cancelled--;
      this.#pop();
    }
    if (!next || next.at > end_ms) return false;
    this.#pop();
    // What is cancelled from now on is not in the heap any more.
    next.isCancelled = true;
    this.#now = Math.max(this.#now, next.at);
    next.action();
    return true;
  }

  #cancel(entry: Pending): void {
    if (entry.isCancelled) return;
    entry.isCancelled = true;
    this.#cancelled++;
  }

  #push(entry: Pending): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(entry, heap[parent] as Pending)) break;
      heap[at] = heap[parent] as Pending;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as Pending)) child++;
      if (!isBefore(heap[child] as Pending, last)) break;
      heap[at] = heap[child] as Pending;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Pending, other: Pending): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Waits until every promise chain that can go on without time or input has done so. */
export function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
