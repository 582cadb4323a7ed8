/**
 * A link within one thread, for simulations and tests: the same bytes, the same window, the same
 * loss of memory that was moved. A frame arrives in a later microtask, never within `send`.
 */
import { toDvespError } from "../base/index.js";
import { type Credit, CreditReturn, CreditWindow, defaultWindow } from "./credit.js";
import { type Frame, frameBytes, parseFrame } from "./frame.js";
import type { Link, LinkHandlers, SendOutcome } from "./link.js";

/** Two ends of one link. */
export function loopbackPair(window: Credit = defaultWindow): readonly [Link, Link] {
  const a = new LoopbackLink(window);
  const b = new LoopbackLink(window);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

class LoopbackLink implements Link {
  peer: LoopbackLink | undefined;
  readonly #window: CreditWindow;
  readonly #return: CreditReturn;
  #handlers: LinkHandlers | undefined;
  #waiting: Frame[] = [];
  #closed = false;

  constructor(window: Credit) {
    this.#window = new CreditWindow(window);
    this.#return = new CreditReturn(window);
  }

  open(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    queueMicrotask(() => this.#deliver());
  }

  send(frame: Frame): SendOutcome {
    if (this.#closed || !this.peer) return "closed";
    const bytes = frameBytes(frame);
    if (!this.#window.take(frame.header, bytes)) return "full";
    try {
      this.peer.#accept(takeOver(frame));
    } catch (error) {
      this.#window.give({ frames: 1, bytes });
      throw error;
    }
    return "accepted";
  }

  close(): void {
    this.#end();
    if (this.peer) this.peer.#end();
  }

  #accept(frame: Frame): void {
    this.#waiting.push(frame);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (!handlers || this.#closed) return;
    const frames = this.#waiting;
    this.#waiting = [];
    for (const frame of frames) this.#take(frame, handlers);
  }

  #take(frame: Frame, handlers: LinkHandlers): void {
    let received: Frame;
    try {
      received = parseFrame(frame.bytes, frame.parts, frame.attachments);
    } catch (error) {
      handlers.onMalformed(toDvespError(error));
      return;
    }
    const bytes = frameBytes(received);
    try {
      handlers.onFrame(received);
    } finally {
      const credit = this.#return.taken(bytes);
      if (credit && this.peer) this.peer.#window.give(credit);
    }
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    queueMicrotask(() => this.#handlers?.onClose());
  }
}

/** The frame as a transfer between threads would make it: parts taken over, attachments cloned. */
function takeOver(frame: Frame): Frame {
  const { bytes, header, payload } = frame;
  const attachments = frame.attachments.length === 0 ? [] : structuredClone(frame.attachments);
  const parts = frame.parts.map((part) => structuredClone(part, { transfer: [part] }));
  return { header, bytes, payload, parts, attachments };
}
