/**
 * Writes JSON as UTF-8 in memory that grows. It exists for vectors, whose numbers go in as bytes
 * without ever being strings; the rest is text from `JSON.stringify`.
 */
import { types } from "node:util";
import { ByteWriter } from "./byte-writer.js";
import { EncodedValue } from "./encoded-value.js";
import { floatTextBytesMax, writeFloatText } from "./float-text.js";
import { readMsgpack } from "./msgpack-reader.js";

const comma = 0x2c;
const open = 0x5b;
const close = 0x5d;
/** Of one UTF-16 code unit. */
const utf8BytesMax = 3;

export class JsonWriter extends ByteWriter {
  /** Text that is JSON already. */
  raw(text: string): void {
    const start = this.take(text.length * utf8BytesMax);
    this.cut(start + this.bytes.write(text, start, "utf8"));
  }

  /** An array of the shortest numbers that read back as these float32. */
  vector(vector: Float32Array): void {
    const start = this.take(vector.length * (floatTextBytesMax + 1) + 2);
    const { bytes } = this;
    let at = start;
    bytes[at++] = open;
    for (let index = 0; index < vector.length; index++) {
      if (index > 0) bytes[at++] = comma;
      at = writeFloatText(vector[index] as number, bytes, at);
    }
    bytes[at++] = close;
    this.cut(at);
  }

  /** Any plain value of an answer; members that are undefined are left out. */
  value(value: unknown): void {
    if (types.isFloat32Array(value)) this.vector(value);
    else if (value instanceof EncodedValue) this.raw(JSON.stringify(readMsgpack(value.bytes)));
    else if (Array.isArray(value)) this.#array(value);
    else if (typeof value === "object" && value !== null) this.#object(value);
    else this.raw(JSON.stringify(value));
  }

  #array(items: readonly unknown[]): void {
    this.raw("[");
    items.forEach((item, index) => {
      if (index > 0) this.raw(",");
      this.value(item);
    });
    this.raw("]");
  }

  #object(object: object): void {
    let separator = "{";
    for (const [key, value] of Object.entries(object) as [string, unknown][]) {
      if (value === undefined) continue;
      this.raw(`${separator}${JSON.stringify(key)}:`);
      this.value(value);
      separator = ",";
    }
    this.raw(separator === "{" ? "{}" : "}");
  }
}
