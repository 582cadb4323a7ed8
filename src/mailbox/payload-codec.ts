/**
 * Messages as MessagePack and back.
 *
 * What survives: null, booleans, numbers, strings, bigints, arrays, plain objects (keys
 * whose value is undefined are left out), dates, typed arrays with their type, and refs to actors.
 * Anything else (a Map, a class instance, a function) is refused: nothing is silently changed.
 *
 * Typed arrays of `limits.partBytesMin` bytes and more become *parts*, which travel beside the frame
 * and are never run through MessagePack; in the payload stands only their type and number.
 */
import {
  Decoder,
  Encoder,
  EXT_TIMESTAMP,
  ExtData,
  type ExtensionCodecType,
  decodeTimestampExtension,
  encode,
  encodeTimestampExtension,
} from "@msgpack/msgpack";
import { type DvespError, invalid, isDvespError, limits } from "../base/index.js";
import type { Address } from "./address.js";
import { movableBuffer } from "./moved.js";
import { copiedBytes, typedArrayCode, typedArrayOver } from "./typed-arrays.js";

/** How the codec knows a ref when it sees one, and its address. */
export type AddressOf = (value: object) => Address | undefined;
/** How the codec makes a ref on the receiving side. */
export type RefTo = (address: Address) => unknown;

export interface EncodedPayload {
  /** Valid only until the next `encode` of the same codec. Empty for `undefined`. */
  readonly bytes: Uint8Array;
  readonly parts: readonly ArrayBuffer[];
}

/** Extension types: part of the frame format. */
const extension = { ref: 0, typedArray: 1, part: 2, bigint: 3 } as const;
/** An encoder whose buffer grew beyond this is dropped, so that one large message costs no memory. */
const keptEncoderBytesMax = 1024 * 1024;
const nothing = new Uint8Array(0);

class Extensions implements ExtensionCodecType<undefined> {
  parts: ArrayBuffer[] = [];
  refTo: RefTo = () => undefined;
  readonly #addressOf: AddressOf;
  readonly #scratch = new Uint8Array(limits.partBytesMin);

  constructor(addressOf: AddressOf) {
    this.#addressOf = addressOf;
  }

  tryToEncode(value: unknown): ExtData | null {
    if (Array.isArray(value)) return null;
    if (typeof value === "bigint") return new ExtData(extension.bigint, encode(String(value)));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return null;
    if (ArrayBuffer.isView(value)) return this.#encodeView(value);
    if (value instanceof Date) return encodeDate(value);
    const address = typeof value === "object" && value ? this.#addressOf(value) : undefined;
    if (!address) throw invalid(`a ${describe(value)} cannot be sent in a message`);
    return new ExtData(extension.ref, encode([address.host, address.name]));
  }

  decode(data: Uint8Array, type: number): unknown {
    switch (type) {
      case extension.ref:
        return this.refTo(decodeAddress(data));
      case extension.typedArray:
        return typedArrayOver(data[0] ?? -1, copiedBytes(data.subarray(1)));
      case extension.part:
        return this.#decodePart(data);
      case extension.bigint:
        return BigInt(plainDecoder.decode(data) as string);
      case EXT_TIMESTAMP:
        return decodeTimestampExtension(data);
      default:
        throw invalid(`unknown extension type ${type}`);
    }
  }

  #encodeView(view: ArrayBufferView): ExtData {
    const code = typedArrayCode(view);
    if (view.byteLength < limits.partBytesMin) {
      // The encoder copies it before it goes on.
      const data = this.#scratch.subarray(0, 1 + view.byteLength);
      data[0] = code;
      data.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), 1);
      return new ExtData(extension.typedArray, data);
    }
    const index = this.#addPart(movableBuffer(view) ?? copiedBytes(view));
    return new ExtData(extension.part, encode([code, index]));
  }

  /** The number of the part; memory that is moved and stands in a message twice is one part. */
  #addPart(buffer: ArrayBuffer): number {
    const known = this.parts.indexOf(buffer);
    return known === -1 ? this.parts.push(buffer) - 1 : known;
  }

  #decodePart(data: Uint8Array): unknown {
    const [code, index] = decodeNumbers(data);
    const part = this.parts[index];
    if (!part) throw invalid(`the frame has no part ${index}`);
    return typedArrayOver(code, part);
  }
}

export class PayloadCodec {
  readonly #extensions: Extensions;
  readonly #decoder: Decoder;
  #encoder: Encoder;

  constructor(addressOf: AddressOf) {
    this.#extensions = new Extensions(addressOf);
    this.#encoder = this.#newEncoder();
    this.#decoder = new Decoder({ extensionCodec: this.#extensions });
  }

  /** Errors: `INVALID_ARGUMENT` for what cannot be sent, `TOO_LARGE` beyond the limits. */
  encode(message: unknown): EncodedPayload {
    if (message === undefined) return { bytes: nothing, parts: [] };
    this.#extensions.parts = [];
    try {
      const bytes = this.#encoder.encodeSharedRef(message);
      if (bytes.buffer.byteLength > keptEncoderBytesMax) this.#encoder = this.#newEncoder();
      return { bytes, parts: this.#extensions.parts };
    } catch (error) {
      throw asRefusal(error);
    } finally {
      this.#extensions.parts = [];
    }
  }

  /** Errors: `INVALID_ARGUMENT` for anything but what `encode` makes. */
  decode(bytes: Uint8Array, parts: readonly ArrayBuffer[], refTo: RefTo): unknown {
    if (bytes.byteLength === 0) return undefined;
    this.#extensions.parts = [...parts];
    this.#extensions.refTo = refTo;
    try {
      return this.#decoder.decode(bytes);
    } catch (error) {
      throw asRefusal(error);
    } finally {
      this.#extensions.parts = [];
    }
  }

  #newEncoder(): Encoder {
    return new Encoder({ extensionCodec: this.#extensions, ignoreUndefined: true });
  }
}

function asRefusal(error: unknown): DvespError {
  if (isDvespError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return invalid(`the message cannot be carried: ${reason}`);
}

function encodeDate(date: Date): ExtData {
  const data = encodeTimestampExtension(date);
  if (!data || Number.isNaN(date.getTime())) throw invalid("an invalid date cannot be sent");
  return new ExtData(EXT_TIMESTAMP, data);
}

const plainDecoder = new Decoder();

function decodeAddress(data: Uint8Array): Address {
  const [host, name] = plainDecoder.decode(data) as [unknown, unknown];
  if (typeof host !== "string" || typeof name !== "string") throw invalid("malformed ref");
  return { host, name };
}

function decodeNumbers(data: Uint8Array): [number, number] {
  const [code, index] = plainDecoder.decode(data) as [unknown, unknown];
  if (typeof code !== "number" || typeof index !== "number") throw invalid("malformed part");
  return [code, index];
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return value.constructor.name;
}
