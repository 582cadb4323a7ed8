/**
 * What the table knows of each vector file: how many live rows it has, and whether it was given back.
 * The counts are part of every commit, so nobody has to look through the rows to find files that are
 * (nearly) empty.
 */
import type { ByteArena } from "./byte-arena.js";
import { numberKey, numberOfKey, rangeOf, tags } from "./keys.js";
import { sealRecord, unsealRecord } from "./records.js";
import type { TableSnapshot, TableWrite } from "./table.js";

export interface FileRecord {
  readonly firstOrdinal: number;
  readonly liveRows: number;
  /** The file has no live rows, never will, and need not be there. */
  readonly dropped: boolean;
}

const bodyBytes = 5;

export function encodeFile(arena: ByteArena, file: FileRecord): TableWrite {
  return sealRecord(arena, numberKey(tags.file, file.firstOrdinal), bodyBytes, (body, at) => {
    body.writeUInt32LE(file.liveRows, at);
    body.writeUInt8(file.dropped ? 1 : 0, at + 4);
  });
}

export function decodeFile(key: Uint8Array, value: Uint8Array): FileRecord {
  const firstOrdinal = numberOfKey(key);
  const body = unsealRecord(key, value, bodyBytes, `vector file ${firstOrdinal}`);
  return { firstOrdinal, liveRows: body.readUInt32LE(0), dropped: body.readUInt8(4) === 1 };
}

/** The record of one file; one that was never written to has none. */
export function readFile(table: TableSnapshot, firstOrdinal: number): FileRecord {
  const key = numberKey(tags.file, firstOrdinal);
  const value = table.get(key);
  return value ? decodeFile(key, value) : { firstOrdinal, liveRows: 0, dropped: false };
}

/** All of them, in order. */
export function* readFiles(table: TableSnapshot): Iterable<FileRecord> {
  for (const { key, value } of table.entries(rangeOf(tags.file))) yield decodeFile(key, value);
}

/** First ordinals of the files that were given back. */
export function droppedFiles(table: TableSnapshot): ReadonlySet<number> {
  const dropped = new Set<number>();
  for (const file of readFiles(table)) if (file.dropped) dropped.add(file.firstOrdinal);
  return dropped;
}
