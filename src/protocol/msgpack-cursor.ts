/**
 * Walks MessagePack that nobody has checked, one token at a time. A token's kind and its number or
 * length stand in fields, so that a walk allocates nothing.
 *
 * After `next`, every length has been compared with the bytes that are left (an element takes at
 * least one), so a caller may allocate by it. What JSON has no form for (extensions, integers beyond
 * 2^53) is refused. Errors are `INVALID_ARGUMENT` and name the byte.
 */
import { isUtf8 } from "node:buffer";
import { invalid, type DvespError } from "../base/index.js";
import { KeyCache } from "./key-cache.js";

export enum Token {
  nil,
  boolean,
  number,
  string,
  binary,
  array,
  map,
}

/** Assigned to an object it would set the prototype; no body or metadata may hold it. */
export const forbiddenKey = "__proto__";

const keys = new KeyCache();
/** ASCII up to here becomes a string faster in a loop than through the engine's decoder. */
const loopCharsMax = 12;

export class MsgpackCursor {
  readonly bytes: Uint8Array;
  /** Made when they are needed: most values need neither. */
  #madeView: DataView | undefined;
  #madeBuffer: Buffer | undefined;
  at = 0;
  kind = Token.nil;
  /** The number itself, 0 or 1 of a boolean, or the length of what follows. */
  value = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  fail(reason: string, at = this.at): DvespError {
    return invalid(`malformed MessagePack at byte ${at}: ${reason}`);
  }

  /** Reads the next token's head; the bytes of a string or binary then start at `at`. */
  next(): Token {
    const head = this.#unsigned8();
    if (head < 0x80) return this.#set(Token.number, head);
    if (head < 0x90) return this.#container(Token.map, head & 0x0f);
    if (head < 0xa0) return this.#container(Token.array, head & 0x0f);
    if (head < 0xc0) return this.#run(Token.string, head & 0x1f);
    if (head >= 0xe0) return this.#set(Token.number, head - 0x100);
    return this.#long(head);
  }

  /** Reads the key of a map's member. */
  key(): string {
    this.#keyHead();
    const { at, value } = this;
    const key = keys.keyAt(this.bytes, at, value, () => this.string());
    this.at = at + value;
    return key;
  }

  skipKey(): void {
    this.#keyHead();
    this.skipString();
  }

  /** Passes over `bytes` if they come next. */
  passes(bytes: Uint8Array): boolean {
    const { at } = this;
    const end = at + bytes.length;
    if (end > this.bytes.length) return false;
    for (let index = at; index < end; index++) {
      if (this.bytes[index] !== bytes[index - at]) return false;
    }
    this.at = end;
    return true;
  }

  /** The string whose head was just read. */
  string(): string {
    const start = this.at;
    const isAscii = this.skipString();
    if (isAscii && this.at - start <= loopCharsMax) return shortAscii(this.bytes, start, this.at);
    return this.#buffer.toString(isAscii ? "latin1" : "utf8", start, this.at);
  }

  /** Passes over the string whose head was just read; true when it is ASCII. */
  skipString(): boolean {
    const { bytes, at } = this;
    const end = at + this.value;
    this.at = end;
    let seen = 0;
    for (let index = at; index < end; index++) seen |= bytes[index] as number;
    if (seen < 0x80) return true;
    if (!isUtf8(bytes.subarray(at, end))) throw this.fail("a string that is not UTF-8", at);
    return false;
  }

  /** A view of the binary whose head was just read. */
  binary(): Uint8Array {
    const { buffer, byteOffset } = this.bytes;
    const view = new Uint8Array(buffer, byteOffset + this.at, this.value);
    this.at += this.value;
    return view;
  }

  /** Fills `target` with the numbers at the cursor; false when something else is among them. */
  numbers(target: Float32Array): boolean {
    const { bytes } = this;
    const view = this.#view;
    for (let index = 0; index < target.length; index++) {
      const { at } = this;
      const head = bytes[at];
      // Floats, the usual case, without the way through a token.
      if (head === 0xcb && at + 9 <= bytes.length) {
        target[index] = view.getFloat64(at + 1);
        this.at = at + 9;
      } else if (head === 0xca && at + 5 <= bytes.length) {
        target[index] = view.getFloat32(at + 1);
        this.at = at + 5;
      } else {
        if (this.next() !== Token.number) return false;
        target[index] = this.value;
      }
    }
    return true;
  }

  #keyHead(): void {
    const start = this.at;
    if (this.next() !== Token.string) throw this.fail("a key that is not a string", start);
    if (this.value !== forbiddenKey.length) return;
    const key = shortAscii(this.bytes, this.at, this.at + this.value);
    if (key === forbiddenKey) throw this.fail(`the key ${forbiddenKey} is not accepted`, start);
  }

  get #view(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#madeView ??= new DataView(buffer, byteOffset, byteLength));
  }

  get #buffer(): Buffer {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#madeBuffer ??= Buffer.from(buffer, byteOffset, byteLength));
  }

  #long(head: number): Token {
    const start = this.at - 1;
    switch (head) {
      case 0xc0:
        return this.#set(Token.nil, 0);
      case 0xc2:
        return this.#set(Token.boolean, 0);
      case 0xc3:
        return this.#set(Token.boolean, 1);
      case 0xc4:
        return this.#run(Token.binary, this.#unsigned8());
      case 0xc5:
        return this.#run(Token.binary, this.#unsigned16());
      case 0xc6:
        return this.#run(Token.binary, this.#unsigned32());
      case 0xca:
        return this.#set(Token.number, this.#view.getFloat32(this.#take(4)));
      case 0xcb:
        return this.#set(Token.number, this.#view.getFloat64(this.#take(8)));
      case 0xcc:
        return this.#set(Token.number, this.#unsigned8());
      case 0xcd:
        return this.#set(Token.number, this.#unsigned16());
      case 0xce:
        return this.#set(Token.number, this.#unsigned32());
      case 0xcf:
        return this.#wide(Number(this.#view.getBigUint64(this.#take(8))), start);
      case 0xd0:
        return this.#set(Token.number, this.#view.getInt8(this.#take(1)));
      case 0xd1:
        return this.#set(Token.number, this.#view.getInt16(this.#take(2)));
      case 0xd2:
        return this.#set(Token.number, this.#view.getInt32(this.#take(4)));
      case 0xd3:
        return this.#wide(Number(this.#view.getBigInt64(this.#take(8))), start);
      case 0xd9:
        return this.#run(Token.string, this.#unsigned8());
      case 0xda:
        return this.#run(Token.string, this.#unsigned16());
      case 0xdb:
        return this.#run(Token.string, this.#unsigned32());
      case 0xdc:
        return this.#container(Token.array, this.#unsigned16());
      case 0xdd:
        return this.#container(Token.array, this.#unsigned32());
      case 0xde:
        return this.#container(Token.map, this.#unsigned16());
      case 0xdf:
        return this.#container(Token.map, this.#unsigned32());
      default:
        throw this.fail(`type 0x${head.toString(16)} is not accepted`, start);
    }
  }

  #set(kind: Token, value: number): Token {
    this.value = value;
    return (this.kind = kind);
  }

  #run(kind: Token, length: number): Token {
    if (length > this.bytes.length - this.at) throw this.#cut();
    return this.#set(kind, length);
  }

  #container(kind: Token, count: number): Token {
    const bytesMin = kind === Token.map ? 2 * count : count;
    if (bytesMin > this.bytes.length - this.at) throw this.#cut();
    return this.#set(kind, count);
  }

  #wide(value: number, start: number): Token {
    if (Number.isSafeInteger(value)) return this.#set(Token.number, value);
    throw this.fail("an integer beyond 2^53 would lose digits; send it as a string", start);
  }

  #unsigned8(): number {
    return this.bytes[this.#take(1)] as number;
  }

  #unsigned16(): number {
    const start = this.#take(2);
    return ((this.bytes[start] as number) << 8) | (this.bytes[start + 1] as number);
  }

  #unsigned32(): number {
    return this.#unsigned16() * 0x10000 + this.#unsigned16();
  }

  #take(size: number): number {
    const start = this.at;
    if (size > this.bytes.length - start) throw this.#cut();
    this.at = start + size;
    return start;
  }

  #cut(): DvespError {
    return this.fail("it ends too early", this.bytes.length);
  }
}

function shortAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] as number);
  return text;
}
