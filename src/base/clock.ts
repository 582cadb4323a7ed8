/**
 * Time as an argument. Nothing but `systemClock` reads the machine's clock or sets its timers
 * (test/architecture.test.ts bans the calls elsewhere), so that whole nodes run on `VirtualClock`.
 */

export interface Timer {
  /** Stops the timer; a second call, or one after it fired, does nothing. */
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds from a start that all threads of the process share, never backwards, with fractions. */
  monotonic(): number;
  /** Calls `action` once after `delay_ms`. */
  after(delay_ms: number, action: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // `performance.now()` counts from the start of its thread.
  monotonic() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
  after(delay_ms, action) {
    const handle = setTimeout(action, delay_ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delay_ms` of `clock`'s time. */
export function sleep(clock: Clock, delay_ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(delay_ms, resolve));
}
