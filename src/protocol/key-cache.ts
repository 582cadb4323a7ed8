/**
 * Keys of maps, remembered by their bytes: the rows of a collection share a few keys, and finding
 * one here is three times as fast as making its string again. Two keys that fall into one slot push
 * each other out; memory is bounded.
 */

interface Entry {
  readonly bytes: Uint8Array;
  readonly key: string;
}

const slotCount = 1024;
/** Longer keys are not remembered. */
const keyBytesMax = 32;

export class KeyCache {
  readonly #slots = new Array<Entry | undefined>(slotCount).fill(undefined);

  /** The key whose bytes stand at `start`; `decode` makes it when it is not remembered. */
  keyAt(bytes: Uint8Array, start: number, length: number, decode: () => string): string {
    if (length > keyBytesMax) return decode();
    const slot = slotOf(bytes, start, length);
    const entry = this.#slots[slot];
    if (entry && isSame(entry.bytes, bytes, start, length)) return entry.key;
    const key = decode();
    this.#slots[slot] = { bytes: bytes.slice(start, start + length), key };
    return key;
  }
}

/** FNV-1a over the bytes. */
function slotOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < start + length; index++) {
    hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  }
  return (hash >>> 7) % slotCount;
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (known[index] !== bytes[start + index]) return false;
  }
  return true;
}
