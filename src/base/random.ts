/**
 * Chance as an argument. Everything random takes a `Random`; a test prints the seed of its own and
 * runs again from it. Only `systemRandom` asks the machine.
 */
import { randomFillSync } from "node:crypto";
import { formatUuid, uuidBytes } from "./uuid.js";

export interface Random {
  /** A whole number, 0 <= n < 2^32. */
  uint32(): number;
}

/** sfc32 by Chris Doty-Humphrey (PractRand), seeded through splitmix32; not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = next();
  let b = next();
  let c = next();
  let counter = 1;
  const uint32 = (): number => {
    const result = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + result) >>> 0;
    return result;
  };
  for (let round = 0; round < 12; round++) uint32();
  return { uint32 };
}

const pool = new Uint32Array(1024);
let used = pool.length;

export const systemRandom: Random = {
  uint32() {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    return pool[used++] as number;
  },
};

/** A fraction, 0 <= x < 1, with 32 random bits. */
export function randomFraction(random: Random): number {
  return random.uint32() / 2 ** 32;
}

/** A whole number, 0 <= n < `bound` (which is at most 2^32). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(randomFraction(random) * bound);
}

/** A version 4 UUID (RFC 9562), in its text form. */
export function randomUuid(random: Random): string {
  return formatUuid(randomUuids(random, 1), 0);
}

/** Version 4 UUIDs, 16 bytes each. */
export function randomUuids(random: Random, count: number): Uint8Array {
  const words = new Uint32Array((count * uuidBytes) / 4);
  for (let index = 0; index < words.length; index++) words[index] = random.uint32();
  const bytes = new Uint8Array(words.buffer);
  for (let at = 0; at < bytes.length; at += uuidBytes) {
    bytes[at + 6] = ((bytes[at + 6] as number) & 0x0f) | 0x40;
    bytes[at + 8] = ((bytes[at + 8] as number) & 0x3f) | 0x80;
  }
  return bytes;
}
