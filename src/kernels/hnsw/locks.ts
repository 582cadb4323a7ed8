/**
 * Locks between writers; readers take none. A lock is the upper half of a 32-bit word, whose lower
 * half belongs to whoever uses the word: 0 while it is free, else the address of the holder's scratch
 * slot, which is a multiple of 64 KiB. So a lock says whose it is, and when that thread has died, who
 * knows of it can free what it held.
 *
 * A writer holds one row's lock at a time, beside that of the entry point at most, and waits for no
 * other while it holds a row's: there is no circle to wait in. It waits about a second; a holder that
 * takes longer is taken for dead, and the row is left to be taken in again.
 */
import { codeBytes, FLAGS } from "./layout";

const OWN_BITS: u32 = 0xffff;
/** Attempts before the thread begins to sleep between them, and in all. */
const SPINS: u32 = 200;
const ATTEMPTS: u32 = 10_000;
const SLEEP_NS: i64 = 50_000;

// @ts-ignore: decorator
@inline
export function lockOf(row: usize): usize {
  return row + codeBytes() + FLAGS;
}

/** Takes the lock at `word`; false when its holder has not let go of it in time. */
export function lock(word: usize, scratch: usize): bool {
  for (let attempt: u32 = 0; attempt < ATTEMPTS; attempt++) {
    const seen = atomic.load<u32>(word);
    const free = seen & OWN_BITS;
    if (seen == free && atomic.cmpxchg<u32>(word, free, free | <u32>scratch) == free) return true;
    if (attempt >= SPINS) atomic.wait<i32>(word, <i32>seen, SLEEP_NS);
  }
  return false;
}

export function unlock(word: usize): void {
  atomic.and<u32>(word, OWN_BITS);
}
