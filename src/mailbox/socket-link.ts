/**
 * A link between two processes over a stream of bytes: a socket, whose two ends know each other by
 * now (see handshake.ts).
 *
 * Memory is bounded on both sides: the window bounds what waits here, and nothing is written while the
 * stream says that it is behind. A link that has nothing to say sends a heartbeat, so that silence
 * means that the other side, or the way there, has a fault: `heardAtMs` tells how long ago it spoke,
 * and after `silenceMs` the link is closed. So it is by a process that stood still for so long, before it takes what
 * has waited for it meanwhile: nothing that comes out of a link was sent longer ago than that.
 */
import type { Duplex } from "node:stream";
import { type Clock, type Timer, invalid } from "../base/index.js";
import { type Credit, CreditReturn, CreditWindow, defaultWindow } from "./credit.js";
import { type Frame, frameBytes } from "./frame.js";
import type { Link, LinkHandlers, SendOutcome } from "./link.js";
import { WireQueue } from "./wire-queue.js";
import { WireReader } from "./wire-reader.js";
import { creditRecord, heartbeatRecord } from "./wire-records.js";

export interface SocketLinkOptions {
  readonly clock: Clock;
  readonly window?: Credit;
  /** Longest time without a word, in milliseconds. */
  readonly heartbeatMs?: number;
  /** After so long without a word from the other side the link is closed. */
  readonly silenceMs?: number;
}

const heartbeatMsDefault = 200;
const silenceMsDefault = 5000;
/** What waits is copied into pieces of about this size: one write of them is cheaper than many of records. */
const writeBytesMax = 64 * 1024;

export class SocketLink implements Link {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #window: CreditWindow;
  readonly #return: CreditReturn;
  readonly #queue: WireQueue;
  readonly #heartbeatMs: number;
  readonly #silenceMs: number;
  #heardAtMs: number;
  #saidSomething = false;
  #behind = false;
  #flushAsked = false;
  #closed = false;
  #beat: Timer | undefined;

  constructor(stream: Duplex, options: SocketLinkOptions) {
    const { clock, window = defaultWindow } = options;
    this.#stream = stream;
    this.#clock = clock;
    this.#queue = new WireQueue(() => clock.monotonic());
    this.#window = new CreditWindow(window);
    this.#return = new CreditReturn(window);
    this.#heartbeatMs = options.heartbeatMs ?? heartbeatMsDefault;
    this.#silenceMs = options.silenceMs ?? silenceMsDefault;
    this.#heardAtMs = clock.monotonic();
    this.#closed = stream.destroyed;
    // A stream that failed closes, and that is what matters.
    stream.on("error", () => undefined);
    stream.once("close", () => this.#end());
    stream.on("drain", () => {
      this.#behind = false;
      this.#flush();
    });
  }

  /** Monotonic time at which anything last came in. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  open(handlers: LinkHandlers): void {
    if (this.#closed) {
      queueMicrotask(() => handlers.onClose());
      return;
    }
    const reader = new WireReader({
      nowMs: () => this.#clock.monotonic(),
      onFrame: (frame) => this.#deliver(frame, handlers),
      onCredit: (credit) => this.#window.give(credit),
      onMalformed: (error) => handlers.onMalformed(error),
    });
    this.#stream.once("close", () => handlers.onClose());
    this.#stream.on("end", () => this.close());
    this.#stream.on("data", (chunk: Uint8Array) => {
      const isStale = this.#isSilent();
      this.#heardAtMs = this.#clock.monotonic();
      if (!this.#closed && (isStale || !reader.push(chunk))) this.close();
    });
    this.#heardAtMs = this.#clock.monotonic();
    this.#watchSilence();
  }

  send(frame: Frame): SendOutcome {
    if (this.#closed) return "closed";
    if (frame.attachments.length > 0) throw invalid("attachments never leave the process");
    if (!this.#window.take(frame.header, frameBytes(frame))) return "full";
    this.#queue.push(frame);
    this.#askForFlush();
    return "accepted";
  }

  /** What was sent before goes out first, as far as the stream takes it. */
  close(): void {
    if (!this.#isSilent()) this.#flush();
    this.#end();
    this.#stream.destroy();
  }

  #deliver(frame: Frame, handlers: LinkHandlers): void {
    if (this.#closed) return;
    const bytes = frameBytes(frame);
    try {
      handlers.onFrame(frame);
    } finally {
      const credit = this.#return.taken(bytes);
      if (credit) this.#write(creditRecord(credit));
    }
  }

  /** What is sent in one turn of the event loop goes out together, and wakes the other side once. */
  #askForFlush(): void {
    if (this.#flushAsked || this.#behind) return;
    this.#flushAsked = true;
    setImmediate(() => {
      this.#flushAsked = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (!this.#closed && !this.#behind) {
      const records = this.#queue.next(writeBytesMax);
      if (records.length === 0) break;
      this.#write(records.length === 1 ? (records[0] as Uint8Array) : Buffer.concat(records));
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#saidSomething = true;
    if (!this.#stream.write(bytes)) this.#behind = true;
  }

  #watchSilence(): void {
    this.#beat = this.#clock.after(this.#heartbeatMs, () => {
      if (this.#isSilent()) {
        this.close();
        return;
      }
      if (!this.#saidSomething && !this.#behind) this.#write(heartbeatRecord());
      this.#saidSomething = false;
      this.#watchSilence();
    });
  }

  #isSilent(): boolean {
    return this.#clock.monotonic() - this.#heardAtMs > this.#silenceMs;
  }

  #end(): void {
    this.#closed = true;
    this.#beat?.cancel();
    this.#queue.clear();
  }
}
