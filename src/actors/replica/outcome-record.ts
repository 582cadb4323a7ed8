/**
 * The durable memory of a write: stored in the transaction of the write itself, so that the same
 * operation asked again, also after a crash, is answered and not applied.
 *
 * Layout, little-endian: u8 version length, version, 32 bytes root, u32 ids, ids, missing ids. Nothing at
 * all: the operation was aborted.
 */
import { DvespError, uuidBytes } from "../../base/index.js";
import type { WriteOutcome } from "./messages.js";
import type { Aborted } from "./replication-messages.js";

const rootBytes = 32;

export type OperationEnd = WriteOutcome | Aborted;

export function encodeEnd(end: OperationEnd): Uint8Array {
  return "aborted" in end ? new Uint8Array(0) : encodeOutcome(end);
}

/** Errors: `DATA_CORRUPTED` for bytes that `encodeEnd` did not write. */
export function decodeEnd(bytes: Uint8Array): OperationEnd {
  return bytes.length === 0 ? { aborted: true } : decodeOutcome(bytes);
}

export function encodeOutcome(outcome: WriteOutcome): Uint8Array {
  const version = Buffer.from(outcome.version, "latin1");
  const head = Buffer.alloc(1 + version.length + rootBytes + 4);
  head[0] = version.length;
  head.set(version, 1);
  head.write(outcome.root, 1 + version.length, "hex");
  head.writeUInt32LE(outcome.ids.length / uuidBytes, 1 + version.length + rootBytes);
  return Buffer.concat([head, outcome.ids, outcome.missing]);
}

/** Errors: `DATA_CORRUPTED` for bytes that `encodeOutcome` did not write. */
export function decodeOutcome(bytes: Uint8Array): WriteOutcome {
  const buffer = Buffer.from(bytes);
  const versionEnd = 1 + (buffer[0] ?? 0);
  const headEnd = versionEnd + rootBytes + 4;
  const count = buffer.length < headEnd ? Infinity : buffer.readUInt32LE(headEnd - 4);
  const idsEnd = headEnd + count * uuidBytes;
  if (idsEnd > buffer.length || (buffer.length - headEnd) % uuidBytes !== 0) {
    throw new DvespError("DATA_CORRUPTED", "the record of an operation is damaged");
  }
  return {
    version: buffer.toString("latin1", 1, versionEnd),
    root: buffer.toString("hex", versionEnd, versionEnd + rootBytes),
    ids: new Uint8Array(buffer.subarray(headEnd, idsEnd)),
    missing: new Uint8Array(buffer.subarray(idsEnd)),
  };
}
