/**
 * Frames as records on a stream of bytes, so that a large frame never keeps a small one waiting.
 *
 *     0   u8   kind: 0 heartbeat, 1 credit, 2 begin, 3 data
 *     1   u8   lane (begin, data)
 *     2   u16  0
 *     4   u32  length of the body, big-endian
 *     8   body: credit  u32 frames, u32 bytes
 *               begin   u32 bytes of the frame, u32 bytes of each of its parts
 *               data    the next bytes of the lane's frame, then of its parts
 *
 * A lane carries one frame at a time; records of the two lanes may alternate. A record of unknown kind
 * is passed over: its length says how far.
 */
import { limits } from "../base/index.js";
import type { Credit } from "./credit.js";
import { lanes, type Lane } from "./frame.js";

export const recordKinds = { heartbeat: 0, credit: 1, begin: 2, data: 3 } as const;

export const recordHeadBytes = 8;
/** Longest body, so that a control frame waits for no more than this of another. */
export const recordBodyBytesMax = 64 * 1024;

const creditBytes = 8;

export interface RecordHead {
  readonly kind: number;
  readonly lane: number;
  readonly length: number;
}

export function readHead(head: DataView): RecordHead {
  return { kind: head.getUint8(0), lane: head.getUint8(1), length: head.getUint32(4) };
}

export function heartbeatRecord(): Uint8Array {
  return recordOf(recordKinds.heartbeat, 0, 0).bytes;
}

export function creditRecord({ frames, bytes }: Credit): Uint8Array {
  const record = recordOf(recordKinds.credit, 0, creditBytes);
  record.body.setUint32(0, frames);
  record.body.setUint32(4, bytes);
  return record.bytes;
}

/** The credit in the body of a record; undefined if it is none. */
export function readCredit(body: DataView): Credit | undefined {
  if (body.byteLength !== creditBytes) return undefined;
  return { frames: body.getUint32(0), bytes: body.getUint32(4) };
}

/** Announces a frame whose pieces (itself, then its parts) have these lengths. */
export function beginRecord(lane: Lane, lengths: readonly number[]): Uint8Array {
  const record = recordOf(recordKinds.begin, lanes.indexOf(lane), 4 * lengths.length);
  lengths.forEach((length, index) => record.body.setUint32(4 * index, length));
  return record.bytes;
}

/** The lengths in the body of a begin; undefined when no link carries such a frame. */
export function readBegin(body: DataView): readonly number[] | undefined {
  const count = body.byteLength / 4;
  if (!Number.isInteger(count) || count === 0) return undefined;
  const lengths = Array.from({ length: count }, (_, index) => body.getUint32(4 * index));
  const sum = lengths.reduce((total, length) => total + length, 0);
  return sum <= limits.messageBytesMax ? lengths : undefined;
}

/** What stands before `length` bytes of a lane's frame. */
export function dataHead(lane: Lane, length: number): Uint8Array {
  return recordOf(recordKinds.data, lanes.indexOf(lane), length, 0).bytes;
}

function recordOf(kind: number, lane: number, length: number, room = length) {
  const bytes = new Uint8Array(recordHeadBytes + room);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, lane);
  view.setUint32(4, length);
  return { bytes, body: new DataView(bytes.buffer, recordHeadBytes) };
}
