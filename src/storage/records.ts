/**
 * Values of the table. Every one ends in the CRC-32 of its key and of what stands before it, so that
 * a spoilt value, and a sound value at a wrong key, are both noticed when they are read.
 * Numbers are little-endian. docs/STORAGE-FORMAT.md shows the layout.
 */
import { assert, DvespError, uuidBytes } from "../base/index.js";
import type { ByteArena } from "./byte-arena.js";
import { bytesCrc } from "./checksum.js";
import { numberOfKey } from "./keys.js";
import type { RowRecord } from "./row-store.js";

export const formatVersion = 1;
export const leafBytes = 32;

const crcBytes = 4;
const versionCharsMax = 64;
/** Values of 16 MiB and more would reach readers as views of LMDB's own pages. */
const valueBytesMax = 15 * 1024 * 1024;
/** The id, two checksums and the length of the version. */
const rowFixedBytes = uuidBytes + 9;
const headFixedBytes = 21;

/** What a store knows of itself: one record, rewritten by every commit. */
export interface StoreHead {
  readonly dimension: number;
  readonly rowsPerFile: number;
  /** Rows of the vector files below this are referred to, or once were. */
  readonly nextOrdinal: number;
  /** Live rows. */
  readonly rows: number;
  readonly appliedVersion: string;
  readonly settings: Uint8Array;
}

export interface OperationRecord {
  readonly expiresMs: number;
  readonly value: Uint8Array;
}

export function corrupted(what: string): DvespError {
  return new DvespError("DATA_CORRUPTED", what);
}

export function encodeHead(arena: ByteArena, key: Uint8Array, head: StoreHead): Uint8Array {
  const versionLength = versionBytes(head.appliedVersion);
  const length = headFixedBytes + versionLength + head.settings.length;
  return seal(arena, key, length, (body) => {
    body.writeUInt32LE(formatVersion, 0);
    body.writeUInt32LE(head.dimension, 4);
    body.writeUInt32LE(head.rowsPerFile, 8);
    body.writeUInt32LE(head.nextOrdinal, 12);
    body.writeUInt32LE(head.rows, 16);
    writeVersion(body, 20, head.appliedVersion, versionLength);
    body.set(head.settings, headFixedBytes + versionLength);
  });
}

export function decodeHead(key: Uint8Array, value: Uint8Array): StoreHead {
  const body = unseal(key, value, headFixedBytes, "the head record");
  const format = body.readUInt32LE(0);
  if (format !== formatVersion) {
    throw corrupted(`the store has format ${format}; this program reads ${formatVersion}`);
  }
  const versionLength = body.readUInt8(20);
  return {
    dimension: body.readUInt32LE(4),
    rowsPerFile: body.readUInt32LE(8),
    nextOrdinal: body.readUInt32LE(12),
    rows: body.readUInt32LE(16),
    appliedVersion: body.toString("utf8", headFixedBytes, headFixedBytes + versionLength),
    settings: body.subarray(headFixedBytes + versionLength),
  };
}

export function encodeRow(arena: ByteArena, key: Uint8Array, row: RowRecord): Uint8Array {
  assert(row.id.length === uuidBytes, "an id has 16 bytes");
  const versionLength = versionBytes(row.version);
  const length = rowFixedBytes + versionLength + row.metadata.length;
  return seal(arena, key, length, (body) => {
    body.set(row.id, 0);
    body.writeUInt32LE(row.vectorCrc, 16);
    body.writeUInt32LE(row.metadataCrc, 20);
    writeVersion(body, 24, row.version, versionLength);
    body.set(row.metadata, rowFixedBytes + versionLength);
  });
}

/** Errors: `DATA_CORRUPTED` when the record or its metadata is not what was stored. */
export function decodeRow(key: Uint8Array, value: Uint8Array): RowRecord {
  const ordinal = numberOfKey(key);
  const body = unseal(key, value, rowFixedBytes, `row ${ordinal}`);
  const metadataAt = rowFixedBytes + body.readUInt8(24);
  const metadata = body.subarray(metadataAt);
  const metadataCrc = body.readUInt32LE(20);
  if (bytesCrc(metadata) !== metadataCrc) {
    throw corrupted(`row ${ordinal}: its metadata does not match its checksum`);
  }
  return {
    ordinal,
    id: body.subarray(0, uuidBytes),
    version: body.toString("utf8", rowFixedBytes, metadataAt),
    vectorCrc: body.readUInt32LE(16),
    metadataCrc,
    metadata,
  };
}

/** Whether the record at a row's key is that of `id`; nothing else of it is read. */
export function isRowOf(value: Uint8Array, id: Uint8Array): boolean {
  return Buffer.compare(value.subarray(0, uuidBytes), id) === 0;
}

export function encodeOrdinal(arena: ByteArena, key: Uint8Array, ordinal: number): Uint8Array {
  return seal(arena, key, 4, (body) => void body.writeUInt32LE(ordinal, 0));
}

export function decodeOrdinal(key: Uint8Array, value: Uint8Array): number {
  return unseal(key, value, 4, `the ordinal of id ${hex(key)}`).readUInt32LE(0);
}

export function encodeTombstone(arena: ByteArena, key: Uint8Array, version: string): Uint8Array {
  const length = versionBytes(version);
  return seal(arena, key, 1 + length, (body) => writeVersion(body, 0, version, length));
}

export function decodeTombstone(key: Uint8Array, value: Uint8Array): string {
  const body = unseal(key, value, 1, `the tombstone of id ${hex(key)}`);
  return body.toString("utf8", 1, 1 + body.readUInt8(0));
}

export function encodeLeaf(arena: ByteArena, key: Uint8Array, leaf: Uint8Array): Uint8Array {
  assert(leaf.length === leafBytes, "a leaf has 32 bytes");
  return seal(arena, key, leafBytes, (body) => body.set(leaf, 0));
}

export function decodeLeaf(key: Uint8Array, value: Uint8Array): Uint8Array {
  return unseal(key, value, leafBytes, `leaf ${numberOfKey(key)}`);
}

export function encodeOperation(
  arena: ByteArena,
  key: Uint8Array,
  operation: OperationRecord,
): Uint8Array {
  return seal(arena, key, 8 + operation.value.length, (body) => {
    body.writeDoubleLE(operation.expiresMs, 0);
    body.set(operation.value, 8);
  });
}

export function decodeOperation(key: Uint8Array, value: Uint8Array): OperationRecord {
  const body = unseal(key, value, 8, `operation ${hex(key)}`);
  return { expiresMs: body.readDoubleLE(0), value: body.subarray(8) };
}

/** The value of a key that says everything itself. */
export function encodeNothing(arena: ByteArena, key: Uint8Array): Uint8Array {
  return seal(arena, key, 0, () => undefined);
}

export function decodeNothing(key: Uint8Array, value: Uint8Array): void {
  unseal(key, value, 0, `expiry ${hex(key)}`);
}

function seal(
  arena: ByteArena,
  key: Uint8Array,
  length: number,
  write: (body: Buffer) => void,
): Uint8Array {
  assert(length <= valueBytesMax, "a record is below 15 MiB");
  const value = arena.take(length + crcBytes);
  write(value);
  value.writeUInt32LE(bytesCrc(value.subarray(0, length), bytesCrc(key)), length);
  return value;
}

function unseal(key: Uint8Array, value: Uint8Array, lengthMin: number, what: string): Buffer {
  const length = value.length - crcBytes;
  if (length < lengthMin) throw corrupted(`${what}: ${value.length} bytes are too few`);
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const body = bytes.subarray(0, length);
  if (bytesCrc(body, bytesCrc(key)) !== bytes.readUInt32LE(length)) {
    throw corrupted(`${what}: its record does not match its checksum`);
  }
  return body;
}

function versionBytes(version: string): number {
  assert(version.length <= versionCharsMax, "a version has at most 64 characters");
  return Buffer.byteLength(version);
}

function writeVersion(body: Buffer, at: number, version: string, length: number): void {
  body.writeUInt8(length, at);
  body.write(version, at + 1);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key.subarray(1)).toString("hex");
}
