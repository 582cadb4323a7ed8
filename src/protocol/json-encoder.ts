/**
 * Values of callers to MessagePack, letting only JSON through: what JSON has no form for (undefined,
 * NaN, dates, bigints, half a surrogate pair, a key `__proto__`) is refused with its path, never
 * changed on the way. Keys keep their order.
 */
import type { DvespError } from "../base/index.js";
import { forbiddenKey } from "./msgpack-cursor.js";
import type { MsgpackWriter } from "./msgpack-writer.js";
import { isPlainObject, nameOf } from "./plain-object.js";
import { refusal, tooLarge } from "./refusal.js";

export interface JsonBounds {
  readonly bytesMax: number;
  /** Containers that stand in each other, the outermost included. */
  readonly depthMax: number;
}

export class JsonEncoder {
  readonly #writer: MsgpackWriter;
  readonly #bounds: JsonBounds;
  readonly #field: string;
  /** Keys and indexes from the value to where the walk is, for the error. */
  readonly #path: (string | number)[] = [];

  /** Writes into `writer`, which is empty. `field` is the value's path in the request. */
  constructor(writer: MsgpackWriter, field: string, bounds: JsonBounds) {
    this.#writer = writer;
    this.#field = field;
    this.#bounds = bounds;
  }

  /** Errors: `INVALID_ARGUMENT` for what is not JSON, `TOO_LARGE` past the bound on bytes. */
  encode(value: unknown): void {
    this.#value(value);
    this.#checkSize(0);
  }

  #value(value: unknown): void {
    if (typeof value === "string") {
      this.#string(value);
      return;
    }
    if (typeof value === "number") {
      this.#number(value);
      return;
    }
    if (typeof value === "boolean") {
      this.#writer.boolean(value);
      return;
    }
    if (value === null) {
      this.#writer.nil();
      return;
    }
    if (Array.isArray(value)) {
      this.#array(value);
      return;
    }
    if (isPlainObject(value)) {
      this.#object(value);
      return;
    }
    throw this.#refuse(`must be JSON, not ${nameOf(value)}`);
  }

  #array(items: readonly unknown[]): void {
    this.#enter();
    this.#writer.arrayHeader(items.length);
    for (let index = 0; index < items.length; index++) {
      this.#path.push(index);
      this.#value(items[index]);
      this.#path.pop();
    }
  }

  #object(object: Readonly<Record<string, unknown>>): void {
    this.#enter();
    const keys = Object.keys(object);
    this.#writer.mapHeader(keys.length);
    for (const key of keys) {
      this.#path.push(key);
      if (key === forbiddenKey) throw this.#refuse("is a key that is not accepted");
      this.#string(key);
      this.#value(object[key]);
      this.#path.pop();
    }
  }

  #number(value: number): void {
    if (!Number.isFinite(value)) throw this.#refuse("must be a finite number");
    this.#writer.number(value);
  }

  #string(text: string): void {
    this.#checkSize(text.length);
    if (!isWellFormed(text)) throw this.#refuse("has half of a surrogate pair");
    this.#writer.string(text);
  }

  /** Bounds the depth, and with it objects that contain themselves. */
  #enter(): void {
    this.#checkSize(0);
    const { depthMax } = this.#bounds;
    if (this.#path.length >= depthMax) throw this.#refuse(`is nested deeper than ${depthMax}`);
  }

  /** Checked on the way, so that a huge value does not make the writer huge. */
  #checkSize(more: number): void {
    const { bytesMax } = this.#bounds;
    if (this.#writer.length + more <= bytesMax) return;
    throw tooLarge(this.#field, `takes over ${bytesMax} bytes encoded`);
  }

  #refuse(reason: string): DvespError {
    const path = this.#path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`));
    return refusal(this.#field + path.join(""), reason);
  }
}

/** Whether `text` survives UTF-8. Node has the method; the library types of ES2023 do not. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
