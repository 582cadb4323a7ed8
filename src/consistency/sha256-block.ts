/**
 * SHA-256 (FIPS 180-4) of messages so short that they fit one block with their padding. A call out of the
 * engine and the memory for its answer take longer than the hash itself, and a batch has thousands of them.
 */
import { hash } from "node:crypto";

/** Bytes of a message, at most: one bit and its length follow within the block. */
export const blockMessageMax = 55;
export const blockBytes = 64;

const constants = Int32Array.from(firstPrimes(64), (prime) => fraction(Math.cbrt(prime)));
const start = Int32Array.from(firstPrimes(8), (prime) => fraction(Math.sqrt(prime)));
/** The message schedule: no two are under way. */
const words = new Int32Array(64);

/**
 * The digest of the first `length` bytes of `block`, which has room for 64, into the eight words of
 * `digest`, little-endian as they stand in memory. What follows the message in `block` is overwritten.
 */
export function sha256Block(block: DataView, length: number, digest: Uint32Array): void {
  pad(block, length);
  for (let index = 0; index < 16; index++) words[index] = block.getInt32(4 * index);
  schedule();
  compress(digest);
}

/** Of a message of any length, by the engine. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

function pad(block: DataView, length: number): void {
  block.setUint8(length, 0x80);
  for (let at = length + 1; at < blockBytes - 2; at++) block.setUint8(at, 0);
  block.setUint16(blockBytes - 2, 8 * length);
}

function schedule(): void {
  for (let index = 16; index < 64; index++) {
    const near = words[index - 15] as number;
    const far = words[index - 2] as number;
    const first = ((near >>> 7) | (near << 25)) ^ ((near >>> 18) | (near << 14)) ^ (near >>> 3);
    const second = ((far >>> 17) | (far << 15)) ^ ((far >>> 19) | (far << 13)) ^ (far >>> 10);
    words[index] = (words[index - 16] as number) + first + (words[index - 7] as number) + second;
  }
}

/** Letters as in the standard: an array of the eight would be many times slower. */
function compress(digest: Uint32Array): void {
  let a = start[0] as number;
  let b = start[1] as number;
  let c = start[2] as number;
  let d = start[3] as number;
  let e = start[4] as number;
  let f = start[5] as number;
  let g = start[6] as number;
  let h = start[7] as number;
  for (let index = 0; index < 64; index++) {
    const mixed = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const chosen = (e & f) ^ (~e & g);
    const input = (constants[index] as number) + (words[index] as number);
    const first = (h + mixed + chosen + input) | 0;
    const turned = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (turned + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  digest[0] = swapped(a + (start[0] as number));
  digest[1] = swapped(b + (start[1] as number));
  digest[2] = swapped(c + (start[2] as number));
  digest[3] = swapped(d + (start[3] as number));
  digest[4] = swapped(e + (start[4] as number));
  digest[5] = swapped(f + (start[5] as number));
  digest[6] = swapped(g + (start[6] as number));
  digest[7] = swapped(h + (start[7] as number));
}

function swapped(word: number): number {
  return (word << 24) | ((word << 8) & 0xff0000) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return primes;
}

/** The first 32 bits of what stands behind the point. */
function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
}
