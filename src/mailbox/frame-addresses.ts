/**
 * The addresses in the headers of frames, as MessagePack and back. A thread sends nearly all of its frames
 * between the same few actors, so the last few pairs are remembered in both forms: to encode and decode
 * four strings anew would cost as much as the rest of a small frame.
 */
import { Encoder } from "@msgpack/msgpack";
import type { Address } from "./address.js";

export interface AddressPair {
  readonly to: Address;
  readonly from: Address;
  /** Host and name of `to`, then of `from`: four strings of MessagePack. */
  readonly bytes: Uint8Array;
}

const pairsMax = 8;
const stringsOfPair = 4;
const encoder = new Encoder();

/** Pairs of one direction: those that are sent, or those that come in. */
export class KnownPairs {
  readonly #pairs: AddressPair[] = [];
  #next = 0;

  /** The pair whose bytes stand at `at`, if it is remembered. */
  at(bytes: Uint8Array, at: number): AddressPair | undefined {
    return this.#pairs.find((pair) => standsAt(bytes, at, pair.bytes));
  }

  /** The encoded pair. */
  of(to: Address, from: Address): AddressPair {
    for (const pair of this.#pairs) if (isSame(pair.to, to) && isSame(pair.from, from)) return pair;
    const strings = [to.host, to.name, from.host, from.name];
    const bytes = new Uint8Array(Buffer.concat(strings.map((one) => encoder.encode(one))));
    return this.keep({ to, from, bytes });
  }

  keep(pair: AddressPair): AddressPair {
    this.#pairs[this.#next] = pair;
    this.#next = (this.#next + 1) % pairsMax;
    return pair;
  }
}

/** The bytes of the four strings at `at`, copied; undefined when they are long or no strings. */
export function pairBytes(bytes: Uint8Array, at: number): Uint8Array | undefined {
  let end = at;
  for (let count = 0; count < stringsOfPair; count++) {
    const head = bytes[end] ?? 0;
    if (head >= 0xa0 && head <= 0xbf) end += 1 + (head & 0x1f);
    else if (head === 0xd9) end += 2 + (bytes[end + 1] ?? 0);
    else return undefined;
  }
  return end < bytes.length ? bytes.slice(at, end) : undefined;
}

function standsAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  if (at + wanted.length > bytes.length) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}

function isSame(left: Address, right: Address): boolean {
  return left.name === right.name && left.host === right.host;
}
