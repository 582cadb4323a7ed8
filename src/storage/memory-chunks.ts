/**
 * A sorted map in chunks that never change: a commit makes anew the few that it touches. Keys are
 * held as Latin-1 text, which sorts as the bytes do.
 */
import type { TableWrite } from "./table.js";

export interface Chunk {
  readonly keys: readonly string[];
  readonly values: readonly Uint8Array[];
}

/** None is empty, and the keys of each are above those of the one before it. */
export type Chunks = readonly Chunk[];

const chunkEntriesMax = 256;

export function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Not `slice`, which of a Buffer is a view. */
export function copyOf(value: Uint8Array): Uint8Array {
  return new Uint8Array(value);
}

/** Index of the first key that is not below `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first chunk whose last key is not below `key`. */
export function chunkOf(chunks: Chunks, key: string): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (((chunks[middle] as Chunk).keys.at(-1) as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `chunks` with `writes` applied in order; chunks that none of them touches are kept. */
export function changed(chunks: Chunks, writes: readonly TableWrite[]): Chunks {
  const last = new Map<string, Uint8Array | undefined>();
  for (const { key, value } of writes) last.set(textOf(key), value && copyOf(value));
  const byChunk = new Map<number, [string, Uint8Array | undefined][]>();
  for (const change of [...last].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const index = Math.min(chunkOf(chunks, change[0]), Math.max(0, chunks.length - 1));
    const group = byChunk.get(index);
    if (group) group.push(change);
    else byChunk.set(index, [change]);
  }
  if (chunks.length === 0) return split(merged({ keys: [], values: [] }, byChunk.get(0) ?? []));
  return chunks.flatMap((chunk, index) => {
    const changes = byChunk.get(index);
    return changes ? split(merged(chunk, changes)) : [chunk];
  });
}

function merged(chunk: Chunk, changes: readonly [string, Uint8Array | undefined][]): Chunk {
  const keys: string[] = [];
  const values: Uint8Array[] = [];
  let at = 0;
  const keepBelow = (end: number): void => {
    for (; at < end; at++) {
      keys.push(chunk.keys[at] as string);
      values.push(chunk.values[at] as Uint8Array);
    }
  };
  for (const [key, value] of changes) {
    keepBelow(lowerBound(chunk.keys, key));
    if (chunk.keys[at] === key) at++;
    if (!value) continue;
    keys.push(key);
    values.push(value);
  }
  keepBelow(chunk.keys.length);
  return { keys, values };
}

function split({ keys, values }: Chunk): Chunk[] {
  const parts: Chunk[] = [];
  for (let at = 0; at < keys.length; at += chunkEntriesMax) {
    const end = at + chunkEntriesMax;
    parts.push({ keys: keys.slice(at, end), values: values.slice(at, end) });
  }
  return parts;
}
