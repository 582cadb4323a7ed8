/**
 * A write at rest while it waits for its decision.
 *
 * Info, little-endian: u32 home, f64 time staged, f64 how long to remember it, u32 bytes of the body,
 * version. Body: five u32 (1 for an insert or 0 for a delete, ids, floats, metadata items, bytes of
 * metadata), ids, floats, ends u32, metadata.
 */
import { DvespError, uuidBytes } from "../../base/index.js";
import { idAt, idCount, keyOf } from "./packed-rows.js";
import type { BlindWrite } from "./write-plan.js";

/** What is known in memory of a staged batch. */
export interface HeldStage {
  readonly version: string;
  readonly home: number;
  readonly stagedMs: number;
  readonly rememberMs: number;
  /** Of its body. */
  readonly bytes: number;
  /** Keys of its ids. */
  readonly ids: ReadonlySet<string>;
}

const infoBytes = 24;
const headWords = 5;

export function encodeInfo({ home, stagedMs, rememberMs, bytes, version }: HeldStage): Uint8Array {
  const info = Buffer.alloc(infoBytes);
  info.writeUInt32LE(home, 0);
  info.writeDoubleLE(stagedMs, 4);
  info.writeDoubleLE(rememberMs, 12);
  info.writeUInt32LE(bytes, 20);
  return Buffer.concat([info, Buffer.from(version, "latin1")]);
}

/** Errors: `DATA_CORRUPTED`. */
export function decodeInfo(bytes: Uint8Array): Omit<HeldStage, "ids"> {
  const info = Buffer.from(bytes);
  if (info.length < infoBytes) throw damaged();
  return {
    home: info.readUInt32LE(0),
    stagedMs: info.readDoubleLE(4),
    rememberMs: info.readDoubleLE(12),
    bytes: info.readUInt32LE(20),
    version: info.toString("latin1", infoBytes),
  };
}

export function encodeBody(write: BlindWrite): Uint8Array {
  const isInsert = write.kind === "insert";
  const vectors = isInsert ? write.vectors : new Float32Array(0);
  const ends = isInsert ? write.metadata.ends : new Uint32Array(0);
  const data = isInsert ? write.metadata.data : new Uint8Array(0);
  const counts = [isInsert ? 1 : 0, idCount(write.ids), vectors.length, ends.length, data.length];
  return Buffer.concat([
    bytesOf(Uint32Array.from(counts)),
    write.ids,
    bytesOf(vectors),
    bytesOf(ends),
    data,
  ]);
}

/** Errors: `DATA_CORRUPTED`. */
export function decodeBody(bytes: Uint8Array): BlindWrite {
  // In memory of its own, where numbers are aligned.
  const { buffer, length } = new Uint8Array(bytes);
  if (length < headWords * 4) throw damaged();
  const [kind, idsCount, floats, items, dataBytes] = new Uint32Array(
    buffer,
    0,
    headWords,
  ) as unknown as [number, number, number, number, number];
  const idsAt = headWords * 4;
  const vectorsAt = idsAt + idsCount * uuidBytes;
  const endsAt = vectorsAt + floats * 4;
  const dataAt = endsAt + items * 4;
  if (dataAt + dataBytes !== length) throw damaged();
  const ids = new Uint8Array(buffer, idsAt, idsCount * uuidBytes);
  if (kind === 0) return { kind: "delete", ids };
  const vectors = new Float32Array(buffer, vectorsAt, floats);
  const ends = new Uint32Array(buffer, endsAt, items);
  const data = new Uint8Array(buffer, dataAt, dataBytes);
  return { kind: "insert", ids, vectors, metadata: { data, ends } };
}

export function idKeys(ids: Uint8Array): Set<string> {
  return new Set(Array.from({ length: idCount(ids) }, (_, index) => keyOf(idAt(ids, index))));
}

function bytesOf(numbers: Uint32Array | Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function damaged(): DvespError {
  return new DvespError("DATA_CORRUPTED", "the record of a staged batch is damaged");
}
