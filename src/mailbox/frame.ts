/**
 * One message on its way between hosts.
 *
 *     0   u8   magic (0xd5)
 *     1   u8   version (2)
 *     2   u16  length of the header, big-endian
 *     4   f64  deadline, big-endian, in milliseconds; NaN = none
 *    12   header, a MessagePack array: kind, lane, to host, to name, from host, from name, correlation
 *     …   payload, MessagePack (see payload-codec.ts); empty for `undefined`
 *
 * Within a process the deadline is a point of the steady clock that its threads share. Processes share no
 * clock: on its way between two, a frame carries the time that is left, at a fixed place so that links can
 * change it.
 *
 * The header can be read without the payload, so that a hub passes frames on undecoded. Parts and
 * attachments stand beside the bytes. Whoever accepts a frame owns its memory: sending consumes it.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import { DvespError, invalid, limits } from "../base/index.js";
import { type Address, addressPartCharsMax } from "./address.js";
import { KnownPairs, pairBytes } from "./frame-addresses.js";
import type { EncodedPayload } from "./payload-codec.js";

/**
 * `tell` and `ask` are requests to an actor; `ok`, `refused` and `gone` end an ask; a `signal`
 * passes between the systems of two hosts.
 */
export const frameKinds = ["tell", "ask", "ok", "refused", "gone", "signal"] as const;
export type FrameKind = (typeof frameKinds)[number];

/** Control messages are taken before user messages, always. */
export const lanes = ["control", "user"] as const;
export type Lane = (typeof lanes)[number];

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly lane: Lane;
  readonly to: Address;
  readonly from: Address;
  /** Chosen by the asking host; 0 when nothing is asked. */
  readonly correlation: number;
  /** Steady time in milliseconds after which nobody waits for the answer. */
  readonly deadlineMs: number | undefined;
}

export interface Frame {
  readonly header: FrameHeader;
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
  /** Large binary values, aligned, each in memory of its own. */
  readonly parts: readonly ArrayBuffer[];
  /** Passed by structured clone: shared memory. Never leaves the process. */
  readonly attachments: readonly unknown[];
}

const magic = 0xd5;
const version = 2;
const deadlineAt = 4;
const prefixBytes = 12;
const headerFields = 7;
const noAttachments: readonly unknown[] = [];

/** The head of an array of so many fields; kind and lane, one byte each, follow. */
const arrayHead = 0x90 | headerFields;
const addressesAt = 3;

const encoder = new Encoder();
const decoder = new Decoder();
const sentPairs = new KnownPairs();
const receivedPairs = new KnownPairs();

/** Builds a frame. Errors: `TOO_LARGE` beyond `limits.frameBytesMax` or `limits.messageBytesMax`. */
export function makeFrame(
  header: FrameHeader,
  payload: EncodedPayload,
  attachments: readonly unknown[] = noAttachments,
): Frame {
  const { kind, lane, to, from, correlation, deadlineMs } = header;
  const addresses = sentPairs.of(to, from).bytes;
  const number = encoder.encodeSharedRef(correlation);
  const headBytes = addressesAt + addresses.length + number.length;
  if (headBytes > 0xffff) throw invalid("the address is too long");
  const payloadAt = prefixBytes + headBytes;
  const bytes = new Uint8Array(payloadAt + payload.bytes.byteLength);
  bytes[0] = magic;
  bytes[1] = version;
  bytes[2] = headBytes >>> 8;
  bytes[3] = headBytes & 0xff;
  viewOf(bytes).setFloat64(deadlineAt, deadlineMs ?? NaN);
  bytes[prefixBytes] = arrayHead;
  bytes[prefixBytes + 1] = frameKinds.indexOf(kind);
  bytes[prefixBytes + 2] = lanes.indexOf(lane);
  bytes.set(addresses, prefixBytes + addressesAt);
  bytes.set(number, payloadAt - number.length);
  bytes.set(payload.bytes, payloadAt);
  const frame = {
    header,
    bytes,
    payload: bytes.subarray(payloadAt),
    parts: payload.parts,
    attachments,
  };
  checkSize(frame);
  return frame;
}

/** Reads the header of a frame that came in. Errors: `INVALID_ARGUMENT`, `TOO_LARGE`. */
export function parseFrame(
  bytes: Uint8Array,
  parts: readonly ArrayBuffer[] = [],
  attachments: readonly unknown[] = noAttachments,
): Frame {
  if (bytes.byteLength < prefixBytes || bytes[0] !== magic) throw invalid("not a frame");
  if (bytes[1] !== version) throw invalid(`frame version ${bytes[1]} is not ${version}`);
  const payloadAt = prefixBytes + (((bytes[2] as number) << 8) | (bytes[3] as number));
  if (payloadAt > bytes.byteLength) throw invalid("the frame ends within its header");
  const deadline = viewOf(bytes).getFloat64(deadlineAt);
  const header = parseHeader(bytes.subarray(prefixBytes, payloadAt), deadline);
  const frame = { header, bytes, payload: bytes.subarray(payloadAt), parts, attachments };
  checkSize(frame);
  return frame;
}

/** Moves the deadline in the bytes of a frame, if these are one and it has any. */
export function moveDeadline(bytes: Uint8Array, byMs: number): void {
  if (bytes.byteLength < prefixBytes) return;
  const view = viewOf(bytes);
  view.setFloat64(deadlineAt, view.getFloat64(deadlineAt) + byMs);
}

/** Bytes of a frame with its parts, as windows count them. */
export function frameBytes(frame: Frame): number {
  let sum = frame.bytes.byteLength;
  for (const part of frame.parts) sum += part.byteLength;
  return sum;
}

function checkSize(frame: Frame): void {
  const whole = frameBytes(frame);
  if (frame.bytes.byteLength > limits.frameBytesMax || whole > limits.messageBytesMax) {
    throw new DvespError("TOO_LARGE", `a message of ${whole} bytes is over the limit`);
  }
}

function parseHeader(bytes: Uint8Array, deadline: number): FrameHeader {
  const known = bytes[0] === arrayHead ? receivedPairs.at(bytes, addressesAt) : undefined;
  if (!known) return parseWhole(bytes, deadline);
  const number = decode(bytes.subarray(addressesAt + known.bytes.length));
  return headerOf([bytes[1], bytes[2], number], known, deadline);
}

function parseWhole(bytes: Uint8Array, deadline: number): FrameHeader {
  const fields = decodeFields(bytes);
  const [kind, lane, toHost, toName, fromHost, fromName, correlation] = fields;
  const to = { host: name(toHost), name: name(toName) };
  const from = { host: name(fromHost), name: name(fromName) };
  const header = headerOf([kind, lane, correlation], { to, from }, deadline);
  const pair = pairBytes(bytes, addressesAt);
  if (pair) receivedPairs.keep({ to, from, bytes: pair });
  return header;
}

function headerOf(
  [kindCode, laneCode, correlation]: readonly [unknown, unknown, unknown],
  { to, from }: Pick<FrameHeader, "to" | "from">,
  deadline: number,
): FrameHeader {
  const kind = frameKinds[kindCode as number];
  const lane = lanes[laneCode as number];
  if (!kind || !lane) throw invalid("the frame's kind or lane is unknown");
  const deadlineMs = Number.isNaN(deadline) ? undefined : finite(deadline);
  return { kind, lane, to, from, correlation: count(correlation), deadlineMs };
}

function decodeFields(bytes: Uint8Array): readonly unknown[] {
  const fields = decode(bytes);
  if (!Array.isArray(fields) || fields.length !== headerFields) {
    throw invalid("the frame's header is no list of its fields");
  }
  return fields;
}

function decode(bytes: Uint8Array): unknown {
  try {
    return decoder.decode(bytes);
  } catch {
    throw invalid("the frame's header is not MessagePack");
  }
}

function name(value: unknown): string {
  if (typeof value === "string" && value.length <= addressPartCharsMax) return value;
  throw invalid("the frame's address is malformed");
}

function count(value: unknown): number {
  if (typeof value === "number" && value >= 0) return finite(value);
  throw invalid("the frame's header has a malformed number");
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw invalid("the frame's header has a malformed number");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
