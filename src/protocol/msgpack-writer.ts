/**
 * Writes MessagePack in memory that grows. Besides plain values it takes bytes that are encoded
 * already, so that stored metadata goes into an answer without being decoded.
 *
 * Numbers that are whole and safe become integers, all others float64; vectors become `bin` of
 * little-endian float32. Nothing is checked here: metadata of callers goes through metadata.ts.
 */
import { types } from "node:util";
import { assert } from "../base/index.js";
import { ByteWriter } from "./byte-writer.js";
import { EncodedValue } from "./encoded-value.js";
import { float32Bytes } from "./float-bytes.js";

/** Shorter strings are written faster in a loop than by a call out of the engine. */
const loopCharsMax = 64;
const shortHeadCharsMax = 31;

export class MsgpackWriter extends ByteWriter {
  nil(): void {
    this.#byte(0xc0);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.#float64(value);
      return;
    }
    if (value >= 0) this.#unsigned(value);
    else this.#negative(value);
  }

  string(text: string): void {
    if (text.length <= loopCharsMax && this.#shortAscii(text)) return;
    const size = Buffer.byteLength(text);
    this.#stringHeader(size);
    const start = this.take(size);
    this.bytes.write(text, start, size, "utf8");
  }

  arrayHeader(count: number): void {
    if (count < 16) this.#byte(0x90 | count);
    else if (count < 0x10000) this.#head16(0xdc, count);
    else this.#head32(0xdd, count);
  }

  mapHeader(count: number): void {
    if (count < 16) this.#byte(0x80 | count);
    else if (count < 0x10000) this.#head16(0xde, count);
    else this.#head32(0xdf, count);
  }

  binary(bytes: Uint8Array): void {
    const size = bytes.byteLength;
    if (size < 0x100) this.#head8(0xc4, size);
    else if (size < 0x10000) this.#head16(0xc5, size);
    else this.#head32(0xc6, size);
    this.raw(bytes);
  }

  /** The packed little-endian float32 of `vector`. */
  vector(vector: Float32Array): void {
    this.binary(float32Bytes(vector));
  }

  /** One value that is encoded already. */
  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    const start = this.take(length);
    const target = this.bytes;
    if (length > loopCharsMax) target.set(bytes, start);
    else
      for (let index = 0; index < length; index++) target[start + index] = bytes[index] as number;
  }

  /** Any plain value of an answer or request; members that are undefined are left out. */
  value(value: unknown): void {
    if (value === null) {
      this.nil();
      return;
    }
    if (typeof value === "string") {
      this.string(value);
      return;
    }
    if (typeof value === "number") {
      this.number(value);
      return;
    }
    if (typeof value === "boolean") {
      this.boolean(value);
      return;
    }
    if (types.isFloat32Array(value)) {
      this.vector(value);
      return;
    }
    if (types.isUint8Array(value)) {
      this.binary(value);
      return;
    }
    if (value instanceof EncodedValue) {
      this.raw(value.bytes);
      return;
    }
    assert(typeof value === "object", `a ${typeof value} has no encoding`);
    if (Array.isArray(value)) {
      this.#array(value);
      return;
    }
    this.#object(value as Readonly<Record<string, unknown>>);
  }

  #array(items: readonly unknown[]): void {
    this.arrayHeader(items.length);
    for (const item of items) this.value(item);
  }

  #object(object: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(object).filter((key) => object[key] !== undefined);
    this.mapHeader(keys.length);
    for (const key of keys) {
      this.string(key);
      this.value(object[key]);
    }
  }

  /** Writes `text` when it is ASCII; otherwise writes nothing and answers false. */
  #shortAscii(text: string): boolean {
    const { length } = text;
    const headBytes = length > shortHeadCharsMax ? 2 : 1;
    const start = this.take(length + headBytes);
    const first = start + headBytes;
    const { bytes } = this;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.cut(start);
        return false;
      }
      bytes[first + index] = code;
    }
    bytes[start] = headBytes === 1 ? 0xa0 | length : 0xd9;
    if (headBytes === 2) bytes[start + 1] = length;
    return true;
  }

  #stringHeader(size: number): void {
    if (size < 32) this.#byte(0xa0 | size);
    else if (size < 0x100) this.#head8(0xd9, size);
    else if (size < 0x10000) this.#head16(0xda, size);
    else this.#head32(0xdb, size);
  }

  #unsigned(value: number): void {
    if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#head8(0xcc, value);
    else if (value < 0x10000) this.#head16(0xcd, value);
    else if (value < 0x100000000) this.#head32(0xce, value);
    else this.#long(0xcf, value);
  }

  #negative(value: number): void {
    if (value >= -0x20) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#head8(0xd0, value & 0xff);
    else if (value >= -0x8000) this.#head16(0xd1, value & 0xffff);
    else if (value >= -0x80000000) this.#head32(0xd2, value >>> 0);
    else this.#long(0xd3, value);
  }

  #long(head: number, value: number): void {
    this.#head32(head, Math.floor(value / 0x100000000) >>> 0);
    const start = this.take(4);
    this.bytes.writeUInt32BE(value >>> 0, start);
  }

  #float64(value: number): void {
    const start = this.take(9);
    this.bytes[start] = 0xcb;
    this.bytes.writeDoubleBE(value, start + 1);
  }

  #byte(value: number): void {
    const start = this.take(1);
    this.bytes[start] = value;
  }

  #head8(head: number, value: number): void {
    const start = this.take(2);
    this.bytes[start] = head;
    this.bytes[start + 1] = value;
  }

  #head16(head: number, value: number): void {
    const start = this.take(3);
    this.bytes[start] = head;
    this.bytes.writeUInt16BE(value, start + 1);
  }

  #head32(head: number, value: number): void {
    const start = this.take(5);
    this.bytes[start] = head;
    this.bytes.writeUInt32BE(value, start + 1);
  }
}
