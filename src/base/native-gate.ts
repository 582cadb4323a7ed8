/**
 * Keeps a thread from being terminated inside native code. An addon that meets the termination of its
 * thread while it makes an object throws where nobody can catch, and ends the whole process.
 *
 * Calls into such an addon are made through `inNative`. Who terminates the thread closes its gate
 * first: that waits for the call under way, and lets no other one begin.
 */
import { sleep } from "./clock.js";
import type { Clock } from "./clock.js";

const open = 0;
const inside = 1;
const closed = 2;
const lookAgainMs = 1;

/** Of this thread, if somebody may terminate it. */
let gate: Int32Array | undefined;
let depth = 0;

/** Memory of a gate that is open, for both threads. */
export function nativeGate(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Makes `memory` the gate of this thread, for its life. */
export function useNativeGate(memory: Int32Array): void {
  gate = memory;
}

/** What `call`, which runs native code and awaits nothing, returns. Never returns once the gate is closed. */
export function inNative<Result>(call: () => Result): Result {
  if (!gate) return call();
  enter(gate);
  try {
    return call();
  } finally {
    leave(gate);
  }
}

/** As `inNative`, for a call that has native code run in the next turn of the event loop as well. */
export function inNativeTurn<Result>(call: () => Result): Result {
  const entered = gate;
  if (!entered) return call();
  enter(entered);
  try {
    return call();
  } finally {
    // What is queued later runs later.
    setImmediate(() => leave(entered));
  }
}

/**
 * Closes another thread's gate, waiting at most `limitMs` for the native call under way. Whether it is
 * closed: then the thread may be terminated.
 */
export async function closeNativeGate(
  memory: Int32Array,
  clock: Clock,
  limitMs: number,
): Promise<boolean> {
  const endMs = clock.monotonic() + limitMs;
  while (Atomics.compareExchange(memory, 0, open, closed) === inside) {
    if (clock.monotonic() >= endMs) return false;
    await sleep(clock, lookAgainMs);
  }
  return true;
}

function enter(memory: Int32Array): void {
  if (depth++ > 0) return;
  if (Atomics.compareExchange(memory, 0, open, inside) === open) return;
  // Closed: the termination is on its way.
  for (;;) Atomics.wait(memory, 0, closed);
}

function leave(memory: Int32Array): void {
  if (--depth === 0) Atomics.store(memory, 0, open);
}
