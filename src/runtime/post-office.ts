/**
 * Sending and answering: one way for messages of this thread, which are handed over as they are,
 * and one for frames to other hosts. Every ask that is opened here ends here, exactly once.
 */
import { type Clock, DvespError, type PlainError, toDvespError } from "../base/index.js";
import {
  type Address,
  type DeadLetters,
  type Frame,
  type FrameHeader,
  PayloadCodec,
  type SendOutcome,
  makeFrame,
} from "../mailbox/index.js";
import type { AskOptions, AskResult, TellOptions } from "./actor.js";
import type { ActorCell } from "./actor-cell.js";
import { type Answer, type Delivery } from "./delivery.js";
import { PendingAsks } from "./pending-asks.js";
import { type Sender, addressOfRef } from "./ref.js";
import type { Router } from "./router.js";
import { delayMsMax } from "./within.js";

export interface PostOfficeOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly router: Router;
  readonly deadLetters: DeadLetters;
  readonly cellOf: (name: string) => ActorCell | undefined;
  /** Run messages within this thread through the codec as well: finds what would not travel. */
  readonly encodeLocal: boolean;
}

const noAttachments: readonly unknown[] = [];

export class PostOffice implements Sender {
  readonly pending: PendingAsks;
  readonly #options: PostOfficeOptions;
  readonly #codec = new PayloadCodec(addressOfRef);

  constructor(options: PostOfficeOptions) {
    this.#options = options;
    this.pending = new PendingAsks(options.clock);
  }

  tell(from: Address, to: Address, message: unknown, options: TellOptions): boolean {
    const { lane = "user", attachments = noAttachments } = options;
    if (to.host !== this.#options.host) {
      const header = {
        kind: "tell",
        lane,
        to,
        from,
        correlation: 0,
        deadlineMs: undefined,
      } as const;
      return this.#sendTell(header, message, attachments);
    }
    const open = this.#localMessage(message);
    if (!open) return false;
    const cell = this.#options.cellOf(to.name);
    if (!cell) this.#options.deadLetters.count("no_actor");
    const delivery = { lane, from, deadlineMs: undefined, attachments, open, answer: undefined };
    return cell?.offer(delivery) ?? false;
  }

  ask(
    from: Address,
    to: Address,
    message: unknown,
    options: AskOptions,
  ): Promise<AskResult<unknown>> {
    const now = this.#options.clock.monotonic();
    const allowed = Math.min(options.timeout_ms, (options.deadline_ms ?? Infinity) - now);
    const timeoutMs = Math.min(allowed, delayMsMax);
    if (!(timeoutMs > 0)) return Promise.resolve({ outcome: "timeout" });
    const { id, result } = this.pending.open(to, timeoutMs);
    const { lane = "user", attachments = noAttachments } = options;
    const deadlineMs = now + timeoutMs;
    if (to.host === this.#options.host) {
      this.#askHere(id, { lane, from, deadlineMs, attachments }, to, message);
    } else {
      const header = { kind: "ask", lane, to, from, correlation: id, deadlineMs } as const;
      this.#askThere(header, message, attachments);
    }
    return result;
  }

  /** A signal to another host's system. False when no link leads there. */
  signal(from: Address, to: Address, message: unknown): boolean {
    const lane = "control";
    const header = {
      kind: "signal",
      lane,
      to,
      from,
      correlation: 0,
      deadlineMs: undefined,
    } as const;
    return this.#options.router.send(makeFrame(header, this.#codec.encode(message))) === "accepted";
  }

  /** The payload of a frame for this host's system. */
  open(frame: Frame): unknown {
    return this.#codec.decode(frame.payload, frame.parts, () => undefined);
  }

  /** A request that came in a frame, as a delivery. */
  delivery(frame: Frame): Delivery {
    const { kind, lane, from, deadlineMs } = frame.header;
    return {
      lane,
      from,
      deadlineMs,
      attachments: frame.attachments,
      open: (refTo) => this.#codec.decode(frame.payload, frame.parts, refTo),
      answer: kind === "ask" ? (answer) => this.answer(frame.header, answer) : undefined,
    };
  }

  /** Sends the answer to the ask whose header was `asked`. */
  answer(asked: FrameHeader, answer: Answer): void {
    const { from: to, to: from, correlation, deadlineMs } = asked;
    const lane = "control";
    const header = { kind: answer.outcome, lane, to, from, correlation, deadlineMs } as const;
    const attachments = answer.outcome === "ok" ? answer.attachments : undefined;
    try {
      const frame = makeFrame(header, this.#codec.encode(contentOf(answer)), attachments);
      if (this.#options.router.send(frame) !== "accepted") {
        this.#options.deadLetters.count("no_route");
      }
    } catch (error) {
      this.#options.deadLetters.count("not_sendable");
      const plain = toDvespError(error).toPlain();
      const refusal = { ...plain, code: "INTERNAL", message: `answer: ${plain.message}` } as const;
      if (answer.outcome === "ok") this.answer(asked, { outcome: "refused", error: refusal });
    }
  }

  /** An answer that came in a frame. */
  receiveAnswer(frame: Frame, refFor: (address: Address) => unknown): void {
    const { kind, correlation } = frame.header;
    let result: Answer = { outcome: "gone" };
    try {
      const content = this.#codec.decode(frame.payload, frame.parts, refFor);
      if (kind === "ok") result = okResult(content, frame.attachments);
      if (kind === "refused") result = { outcome: "refused", error: content as PlainError };
    } catch (error) {
      this.#options.deadLetters.count("malformed");
      result = { outcome: "refused", error: toDvespError(error).toPlain() };
    }
    this.#settle(correlation, result);
  }

  #sendTell(header: FrameHeader, message: unknown, attachments: readonly unknown[]): boolean {
    try {
      const frame = makeFrame(header, this.#codec.encode(message), attachments);
      const outcome = this.#options.router.send(frame);
      if (outcome === "closed") this.#options.deadLetters.count("no_route");
      return outcome === "accepted";
    } catch {
      this.#options.deadLetters.count("not_sendable");
      return false;
    }
  }

  #askThere(header: FrameHeader, message: unknown, attachments: readonly unknown[]): void {
    let outcome: SendOutcome;
    try {
      outcome = this.#options.router.send(
        makeFrame(header, this.#codec.encode(message), attachments),
      );
    } catch (error) {
      this.#settle(header.correlation, {
        outcome: "refused",
        error: toDvespError(error).toPlain(),
      });
      return;
    }
    if (outcome === "accepted") return;
    this.#settle(header.correlation, outcome === "full" ? overloaded() : { outcome: "gone" });
  }

  #askHere(
    id: number,
    request: Omit<Delivery, "open" | "answer">,
    to: Address,
    message: unknown,
  ): void {
    const open = this.#localMessage(message);
    if (!open) {
      const error = new DvespError("INVALID_ARGUMENT", "the message cannot be carried");
      this.#settle(id, { outcome: "refused", error: error.toPlain() });
      return;
    }
    const answer = (result: Answer): void => this.#settle(id, result);
    const cell = this.#options.cellOf(to.name);
    if (!cell) {
      this.#options.deadLetters.count("no_actor");
      answer({ outcome: "gone" });
    } else if (!cell.offer({ ...request, open, answer })) {
      answer(overloaded(cell.retryAfterMs));
    }
  }

  #localMessage(message: unknown): Delivery["open"] | undefined {
    if (!this.#options.encodeLocal) return () => message;
    try {
      const { bytes, parts } = this.#codec.encode(message);
      const copy = bytes.slice();
      return (refTo) => this.#codec.decode(copy, parts, refTo);
    } catch {
      this.#options.deadLetters.count("not_sendable");
      return undefined;
    }
  }

  #settle(id: number, result: AskResult<unknown>): void {
    if (!this.pending.settle(id, result)) this.#options.deadLetters.count("late_answer");
  }
}

const retryAfterMsDefault = 50;

/** The end of an ask that found no room. */
export function overloaded(retryAfterMs = retryAfterMsDefault): Answer {
  const details = { retry_after_ms: retryAfterMs };
  const error = new DvespError("OVERLOADED", "the receiver has too much to do", details);
  return { outcome: "refused", error: error.toPlain() };
}

function contentOf(answer: Answer): unknown {
  switch (answer.outcome) {
    case "ok":
      return answer.value;
    case "refused":
      return answer.error;
    case "gone":
      return undefined;
  }
}

function okResult(value: unknown, attachments: readonly unknown[]): Answer {
  return attachments.length === 0
    ? { outcome: "ok", value }
    : { outcome: "ok", value, attachments };
}
