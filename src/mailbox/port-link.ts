/**
 * A link between two threads over a MessagePort.
 *
 * What is posted: a frame without parts as its bytes alone (the common case), any other frame as
 * `[bytes, parts, attachments]`, credit as `{ frames, bytes }`. Parts, and bytes from
 * `limits.partBytesMin` on, are transferred; small bytes are cheaper to copy.
 */
import type { MessagePort, Transferable } from "node:worker_threads";
import { limits, toDvespError } from "../base/index.js";
import { type Credit, CreditReturn, CreditWindow, defaultWindow } from "./credit.js";
import { type Frame, frameBytes, parseFrame } from "./frame.js";
import type { Link, LinkHandlers, SendOutcome } from "./link.js";

export class PortLink implements Link {
  readonly #port: MessagePort;
  readonly #window: CreditWindow;
  readonly #return: CreditReturn;
  #closed = false;

  constructor(port: MessagePort, window: Credit = defaultWindow) {
    this.#port = port;
    this.#window = new CreditWindow(window);
    this.#return = new CreditReturn(window);
    port.once("close", () => (this.#closed = true));
  }

  open(handlers: LinkHandlers): void {
    this.#port.once("close", () => handlers.onClose());
    this.#port.on("messageerror", (error) => handlers.onMalformed(toDvespError(error)));
    this.#port.on("message", (posted: unknown) => this.#receive(posted, handlers));
  }

  send(frame: Frame): SendOutcome {
    if (this.#closed) return "closed";
    const bytes = frameBytes(frame);
    if (!this.#window.take(frame.header, bytes)) return "full";
    try {
      this.#post(frame);
    } catch (error) {
      this.#window.give({ frames: 1, bytes });
      throw error;
    }
    return "accepted";
  }

  close(): void {
    this.#closed = true;
    this.#port.close();
  }

  #post(frame: Frame): void {
    const { bytes, parts, attachments } = frame;
    const transfers: Transferable[] = [...parts];
    const { buffer } = bytes;
    if (bytes.byteLength >= limits.partBytesMin && bytes.byteLength === buffer.byteLength) {
      transfers.push(buffer as ArrayBuffer);
    }
    const bare = parts.length === 0 && attachments.length === 0;
    this.#port.postMessage(bare ? bytes : [bytes, parts, attachments], transfers);
  }

  #receive(posted: unknown, handlers: LinkHandlers): void {
    if (isCredit(posted)) {
      this.#window.give(posted);
      return;
    }
    let frame: Frame;
    try {
      frame = readPosted(posted);
    } catch (error) {
      handlers.onMalformed(toDvespError(error));
      return;
    }
    const bytes = frameBytes(frame);
    try {
      handlers.onFrame(frame);
    } finally {
      const credit = this.#return.taken(bytes);
      if (credit && !this.#closed) this.#port.postMessage(credit);
    }
  }
}

function isCredit(posted: unknown): posted is Credit {
  if (typeof posted !== "object" || posted === null) return false;
  const { frames, bytes } = posted as Partial<Credit>;
  return isCount(frames) && isCount(bytes);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readPosted(posted: unknown): Frame {
  if (posted instanceof Uint8Array) return parseFrame(posted);
  const [bytes, parts, attachments] = posted as [Uint8Array, ArrayBuffer[], unknown[]];
  return parseFrame(bytes, parts, attachments);
}
