/**
 * From the bytes of a stream to frames. Bytes come in pieces of any size; those of a frame are copied
 * once, straight to where they stay.
 *
 * What is no frame is reported and passed over. When the stream itself cannot be followed any more
 * (a length beyond every bound, a lane's frame begun twice), `push` returns false, for good.
 */
import { type DvespError, invalid, toDvespError } from "../base/index.js";
import type { Credit } from "./credit.js";
import { type Frame, lanes, moveDeadline, parseFrame } from "./frame.js";
import {
  readBegin,
  readCredit,
  readHead,
  recordBodyBytesMax,
  recordHeadBytes,
  recordKinds,
  type RecordHead,
} from "./wire-records.js";

export interface WireSink {
  /** Steady time, of which a frame's deadline becomes a point when it has come in. */
  readonly nowMs: () => number;
  readonly onFrame: (frame: Frame) => void;
  readonly onCredit: (credit: Credit) => void;
  readonly onMalformed: (error: DvespError) => void;
}

export class WireReader {
  readonly #sink: WireSink;
  readonly #head = new Uint8Array(recordHeadBytes);
  readonly #body = new Uint8Array(recordBodyBytesMax);
  readonly #assemblies = new Map<number, FrameAssembly>();
  #headBytes = 0;
  #record: RecordHead | undefined;
  #bodyBytes = 0;
  #broken = false;

  constructor(sink: WireSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes; false when the stream must be given up. */
  push(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length && !this.#broken) {
      at += this.#record ? this.#takeBody(chunk, at, this.#record) : this.#takeHead(chunk, at);
    }
    return !this.#broken;
  }

  #takeHead(chunk: Uint8Array, at: number): number {
    const count = Math.min(recordHeadBytes - this.#headBytes, chunk.length - at);
    this.#head.set(chunk.subarray(at, at + count), this.#headBytes);
    this.#headBytes += count;
    if (this.#headBytes < recordHeadBytes) return count;
    this.#headBytes = 0;
    const record = readHead(viewOf(this.#head));
    if (record.length > recordBodyBytesMax) this.#break("a record is over its limit");
    else if (record.length === 0) this.#end(record);
    else this.#record = record;
    return count;
  }

  #takeBody(chunk: Uint8Array, at: number, record: RecordHead): number {
    const count = Math.min(record.length - this.#bodyBytes, chunk.length - at);
    const bytes = chunk.subarray(at, at + count);
    if (record.kind === recordKinds.data) this.#takeData(record.lane, bytes);
    else this.#body.set(bytes, this.#bodyBytes);
    this.#bodyBytes += count;
    if (this.#bodyBytes < record.length || this.#broken) return count;
    this.#bodyBytes = 0;
    this.#record = undefined;
    this.#end(record);
    return count;
  }

  #takeData(lane: number, bytes: Uint8Array): void {
    const assembly = this.#assemblies.get(lane);
    if (!assembly?.take(bytes)) this.#break("data belongs to no frame");
  }

  #end(record: RecordHead): void {
    const body = viewOf(this.#body.subarray(0, record.length));
    switch (record.kind) {
      case recordKinds.heartbeat:
        return;
      case recordKinds.credit: {
        const credit = readCredit(body);
        if (credit) this.#sink.onCredit(credit);
        else this.#sink.onMalformed(invalid("credit of an unknown form"));
        return;
      }
      case recordKinds.begin:
        return this.#begin(record.lane, readBegin(body));
      case recordKinds.data:
        return this.#deliver(record.lane);
      default:
        this.#sink.onMalformed(invalid(`a record of unknown kind ${record.kind}`));
    }
  }

  #begin(lane: number, lengths: readonly number[] | undefined): void {
    if (lanes[lane] === undefined || this.#assemblies.has(lane) || !lengths) {
      this.#break("a frame begins where none can");
      return;
    }
    this.#assemblies.set(lane, new FrameAssembly(lengths));
    this.#deliver(lane);
  }

  #deliver(lane: number): void {
    const assembly = this.#assemblies.get(lane);
    if (!assembly?.whole) return;
    this.#assemblies.delete(lane);
    let frame: Frame;
    try {
      frame = assembly.frame(this.#sink.nowMs());
    } catch (error) {
      this.#sink.onMalformed(toDvespError(error));
      return;
    }
    this.#sink.onFrame(frame);
  }

  #break(reason: string): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#sink.onMalformed(invalid(reason));
  }
}

/** A frame that is coming in: its bytes, then each of its parts, in memory of their own. */
class FrameAssembly {
  readonly #pieces: readonly Uint8Array<ArrayBuffer>[];
  #piece = 0;
  #at = 0;

  constructor(lengths: readonly number[]) {
    this.#pieces = lengths.map((length) => new Uint8Array(length));
    this.#skipFull();
  }

  get whole(): boolean {
    return this.#piece === this.#pieces.length;
  }

  /** False, and nothing more can follow, when there is no room for so many bytes. */
  take(bytes: Uint8Array): boolean {
    let from = 0;
    while (from < bytes.length) {
      const piece = this.#pieces[this.#piece];
      if (!piece) return false;
      const count = Math.min(piece.length - this.#at, bytes.length - from);
      piece.set(bytes.subarray(from, from + count), this.#at);
      this.#at += count;
      from += count;
      this.#skipFull();
    }
    return true;
  }

  /** Errors: `INVALID_ARGUMENT`, `TOO_LARGE`. */
  frame(nowMs: number): Frame {
    const [bytes = new Uint8Array(0), ...parts] = this.#pieces;
    moveDeadline(bytes, nowMs);
    return parseFrame(
      bytes,
      parts.map(({ buffer }) => buffer),
    );
  }

  #skipFull(): void {
    while (this.#pieces[this.#piece]?.length === this.#at) {
      this.#piece++;
      this.#at = 0;
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
