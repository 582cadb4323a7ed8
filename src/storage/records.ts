/**
 * Records of the table. Every value ends in the CRC-32 of its key and of what stands before it, so that
 * a spoilt value, and a sound value at a wrong key, are both noticed when they are read.
 * Numbers are little-endian. docs/STORAGE-FORMAT.md shows the layout.
 */
import { assert, DvespError, uuidBytes } from "../base/index.js";
import type { ByteArena } from "./byte-arena.js";
import { bytesCrc } from "./checksum.js";
import { numberOfKey } from "./keys.js";
import type { RowRecord } from "./row-store.js";
import type { TableWrite } from "./table.js";

export const formatVersion = 2;

/** Of the checksum that ends each record. */
export const crcBytes = 4;
const versionCharsMax = 64;
/** Values of 16 MiB and more would reach readers as views of LMDB's own pages. */
export const valueBytesMax = 15 * 1024 * 1024;
/** The id, two checksums and the length of the version. */
export const rowFixedBytes = uuidBytes + 9;
const headFixedBytes = 29;
/** What every format had: an older one is to be named, not taken for damage. */
const headBytesMin = 21;

/** What a store knows of itself: one record, rewritten by every commit. */
export interface StoreHead {
  readonly dimension: number;
  readonly rowsPerFile: number;
  /** Rows of the vector files below this are referred to, or once were. */
  readonly nextOrdinal: number;
  /** Live rows. */
  readonly rows: number;
  /** Runs of ids from here up to `nextRun` are not merged into the tree of ids yet. */
  readonly firstRun: number;
  readonly nextRun: number;
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

export function encodeHead(arena: ByteArena, key: Uint8Array, head: StoreHead): TableWrite {
  const version = versionBytes(head.appliedVersion);
  const length = headFixedBytes + version.length + head.settings.length;
  return sealRecord(arena, key, length, (body, at) => {
    const numbers = [formatVersion, head.dimension, head.rowsPerFile, head.nextOrdinal, head.rows];
    numbers.push(head.firstRun, head.nextRun);
    numbers.forEach((number, index) => body.writeUInt32LE(number, at + 4 * index));
    writeVersion(body, at + 28, version);
    body.set(head.settings, at + headFixedBytes + version.length);
  });
}

export function decodeHead(key: Uint8Array, value: Uint8Array): StoreHead {
  const body = unsealRecord(key, value, headBytesMin, "the head record");
  const format = body.readUInt32LE(0);
  if (format !== formatVersion) {
    throw corrupted(`the store has format ${format}; this program reads ${formatVersion}`);
  }
  const versionLength = body.readUInt8(28);
  return {
    dimension: body.readUInt32LE(4),
    rowsPerFile: body.readUInt32LE(8),
    nextOrdinal: body.readUInt32LE(12),
    rows: body.readUInt32LE(16),
    firstRun: body.readUInt32LE(20),
    nextRun: body.readUInt32LE(24),
    appliedVersion: body.toString("utf8", headFixedBytes, headFixedBytes + versionLength),
    settings: body.subarray(headFixedBytes + versionLength),
  };
}

export function encodeRow(arena: ByteArena, key: Uint8Array, row: RowRecord): TableWrite {
  const { id, vectorCrc, metadataCrc } = row;
  assert(id.length === uuidBytes, "an id has 16 bytes");
  const version = versionBytes(row.version);
  const length = rowFixedBytes + version.length + row.metadata.length;
  return sealRecord(arena, key, length, (body, at) => {
    body.set(
      row.metadata,
      writeRowHead(body, at, { ids: id, idAt: 0, vectorCrc, metadataCrc, version }),
    );
  });
}

/** What stands before the metadata of a row. */
export interface RowHead {
  /** Its id is the 16 bytes of `ids` at `idAt`. */
  readonly ids: Uint8Array;
  readonly idAt: number;
  readonly vectorCrc: number;
  readonly metadataCrc: number;
  /** As of `versionBytes`. */
  readonly version: Uint8Array;
}

/** Writes it at `at`; where the metadata begins. */
export function writeRowHead(body: Buffer, at: number, head: RowHead): number {
  const { ids, idAt, version } = head;
  for (let byte = 0; byte < uuidBytes; byte++) body[at + byte] = ids[idAt + byte] as number;
  body.writeUInt32LE(head.vectorCrc, at + 16);
  body.writeUInt32LE(head.metadataCrc, at + 20);
  writeVersion(body, at + 24, version);
  return at + rowFixedBytes + version.length;
}

/** Errors: `DATA_CORRUPTED` when the record or its metadata is not what was stored. */
export function decodeRow(key: Uint8Array, value: Uint8Array): RowRecord {
  const ordinal = numberOfKey(key);
  const body = unsealRecord(key, value, rowFixedBytes, `row ${ordinal}`);
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

export function encodeOrdinal(arena: ByteArena, key: Uint8Array, ordinal: number): TableWrite {
  return sealRecord(arena, key, 4, (body, at) => void body.writeUInt32LE(ordinal, at));
}

export function decodeOrdinal(key: Uint8Array, value: Uint8Array): number {
  return unsealRecord(key, value, 4, `the ordinal of id ${hex(key)}`).readUInt32LE(0);
}

export function encodeTombstone(arena: ByteArena, key: Uint8Array, version: string): TableWrite {
  const bytes = versionBytes(version);
  return sealRecord(arena, key, 1 + bytes.length, (body, at) => writeVersion(body, at, bytes));
}

export function decodeTombstone(key: Uint8Array, value: Uint8Array): string {
  const body = unsealRecord(key, value, 1, `the tombstone of id ${hex(key)}`);
  return body.toString("utf8", 1, 1 + body.readUInt8(0));
}

export function encodeOperation(
  arena: ByteArena,
  key: Uint8Array,
  operation: OperationRecord,
): TableWrite {
  return sealRecord(arena, key, 8 + operation.value.length, (body, at) => {
    body.writeDoubleLE(operation.expiresMs, at);
    body.set(operation.value, at + 8);
  });
}

export function decodeOperation(key: Uint8Array, value: Uint8Array): OperationRecord {
  const body = unsealRecord(key, value, 8, `operation ${hex(key)}`);
  return { expiresMs: body.readDoubleLE(0), value: body.subarray(8) };
}

export function encodeStanding(arena: ByteArena, key: Uint8Array, bytes: Uint8Array): TableWrite {
  return sealRecord(arena, key, bytes.length, (body, at) => body.set(bytes, at));
}

export function decodeStanding(key: Uint8Array, value: Uint8Array): Uint8Array {
  return unsealRecord(key, value, 0, "the standing of the replica");
}

/** The value of a key that says everything itself. */
export function encodeNothing(arena: ByteArena, key: Uint8Array): TableWrite {
  return sealRecord(arena, key, 0, () => undefined);
}

export function decodeNothing(key: Uint8Array, value: Uint8Array): void {
  unsealRecord(key, value, 0, `expiry ${hex(key)}`);
}

/** A record of `length` bytes, which `write` puts at `at`; its checksum is added. */
export function sealRecord(
  arena: ByteArena,
  key: Uint8Array,
  length: number,
  write: (body: Buffer, at: number) => void,
): TableWrite {
  assert(length <= valueBytesMax, "a record is below 15 MiB");
  const start = arena.take(key.length + length + crcBytes);
  const { piece } = arena;
  const at = start + key.length;
  const end = at + length;
  piece.set(key, start);
  write(piece, at);
  // The key in front of the value: so one pass covers both.
  piece.writeUInt32LE(bytesCrc(viewOf(piece, start, end)), end);
  return { key: viewOf(piece, start, at), value: viewOf(piece, at, end + crcBytes) };
}

/** `subarray` of a Buffer makes another Buffer, which takes longer. */
function viewOf({ buffer, byteOffset }: Buffer, from: number, to: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, to - from);
}

/** The body of a record, in the memory of `value`. Errors: `DATA_CORRUPTED`, naming `what` it is. */
export function unsealRecord(
  key: Uint8Array,
  value: Uint8Array,
  lengthMin: number,
  what: string,
): Buffer {
  const length = value.length - crcBytes;
  if (length < lengthMin) throw corrupted(`${what}: ${value.length} bytes are too few`);
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const body = bytes.subarray(0, length);
  if (bytesCrc(body, bytesCrc(key)) !== bytes.readUInt32LE(length)) {
    throw corrupted(`${what}: its record does not match its checksum`);
  }
  return body;
}

let lastVersion = "";
let lastVersionBytes: Uint8Array = Buffer.alloc(0);

/** Rows of a batch share a version: the last one is remembered. */
export function versionBytes(version: string): Uint8Array {
  if (version === lastVersion) return lastVersionBytes;
  assert(version.length <= versionCharsMax, "a version has at most 64 characters");
  lastVersion = version;
  lastVersionBytes = Buffer.from(version);
  return lastVersionBytes;
}

export function writeVersion(body: Buffer, at: number, version: Uint8Array): void {
  body.writeUInt8(version.length, at);
  body.set(version, at + 1);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key.subarray(1)).toString("hex");
}
