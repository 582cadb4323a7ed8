/** UUIDs between their 36-character text, which callers see, and the 16 bytes that are stored. */

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const textPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Where the 16 pairs of digits stand in the text. */
const pairOffsets = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const digitOfCode = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  digitOfCode[digit.toString(16).charCodeAt(0)] = digit;
  digitOfCode[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

export const uuidBytes = 16;

/** Whether `text` is a UUID in the 8-4-4-4-12 form, in either case. */
export function isUuid(text: string): boolean {
  return textPattern.test(text);
}

/** Writes the 16 bytes of `text`, which must be a UUID, into `target` at `offset`. */
export function parseUuid(text: string, target: Uint8Array, offset: number): void {
  for (let index = 0; index < uuidBytes; index++) {
    const at = pairOffsets[index] as number;
    const high = digitOfCode[text.charCodeAt(at)] as number;
    const low = digitOfCode[text.charCodeAt(at + 1)] as number;
    target[offset + index] = (high << 4) | low;
  }
}

/** The lower-case text of the 16 bytes of `bytes` at `offset`. */
export function formatUuid(bytes: Uint8Array, offset: number): string {
  let text = "";
  for (let index = 0; index < uuidBytes; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += "-";
    text += hexOfByte[bytes[offset + index] as number] as string;
  }
  return text;
}

/** A hash below 2^32 of the 16 bytes at `at`: FNV-1a, finished by murmur3's mixer, as callers choose their ids. */
export function hashUuid(ids: Uint8Array, at: number): number {
  let hash = 0x811c9dc5;
  for (let byte = at; byte < at + uuidBytes; byte++) {
    hash = Math.imul(hash ^ (ids[byte] as number), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** UUIDs as 16 bytes each, one after the other. */
export function packUuids(texts: readonly string[]): Uint8Array {
  const packed = new Uint8Array(texts.length * uuidBytes);
  texts.forEach((text, index) => parseUuid(text, packed, index * uuidBytes));
  return packed;
}

/** The texts of what `packUuids` packed. */
export function unpackUuids(packed: Uint8Array): string[] {
  return Array.from({ length: packed.length / uuidBytes }, (_, index) =>
    formatUuid(packed, index * uuidBytes),
  );
}
