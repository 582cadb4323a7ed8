/**
 * One actor at run time: its mailbox, the messages under way, and its life.
 *
 *     starting ──► running ──► ending ──► ended
 *        └────────────────────────────────►┘   (the start failed)
 *
 * Invariants: at most `concurrency` messages are under way; each ask is answered exactly once;
 * once the cell is ending nothing new is handled and whatever waits is bounced as `gone`; the host
 * hears of the end exactly once, after `stop` has let go of what the actor held.
 */
import {
  DvespError,
  type PlainError,
  assert,
  isDvespError,
  limits,
  toDvespError,
} from "../base/index.js";
import { type Address, type DeadLetters, Mailbox } from "../mailbox/index.js";
import { type Actor, type ActorContext, type ActorDefinition, type Termination } from "./actor.js";
import { type Delivery, systemName } from "./delivery.js";
import type { Dispatcher, Runnable } from "./dispatcher.js";
import type { RuntimeEventType } from "./events.js";
import { crashReport, isThenable, okAnswer, toError } from "./outcome.js";
import { Pace } from "./pace.js";
import { endedWithin } from "./within.js";

const crashStopMsDefault = 5000;

/** What a cell needs of the thread it lives on. */
export interface CellHost {
  readonly dispatcher: Dispatcher;
  readonly deadLetters: DeadLetters;
  emit(type: RuntimeEventType | "tell_refused", details: Readonly<Record<string, unknown>>): void;
  ended(cell: ActorCell, end: Termination): void;
}

type Phase = "starting" | "running" | "ending" | "ended";

export class ActorCell implements Runnable {
  readonly address: Address;
  readonly context: ActorContext;
  readonly #host: CellHost;
  readonly #definition: ActorDefinition<unknown, unknown>;
  readonly #mailbox: Mailbox<Delivery>;
  readonly #concurrency: number;
  readonly #pace = new Pace();
  /** Messages under way, with the monotonic time at which each was begun. */
  readonly #underWay = new Map<Delivery, number>();
  #phase: Phase = "starting";
  #actor: Actor | undefined;
  #queued = false;
  #earlyCrash: { readonly error: unknown } | undefined;
  #started: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(
    host: CellHost,
    context: ActorContext,
    definition: ActorDefinition<unknown, unknown>,
  ) {
    this.#host = host;
    this.context = context;
    this.address = context.self.address;
    this.#definition = definition;
    this.#mailbox = new Mailbox(definition.mailbox ?? limits.mailboxMessagesMax);
    this.#concurrency = definition.concurrency ?? 1;
    assert(this.#concurrency >= 1, "an actor handles at least one message at a time");
  }

  /** When it makes sense to try again after the mailbox was full, from how long messages took. */
  get retryAfterMs(): number {
    return this.#pace.clearMs(this.#mailbox.size, this.#concurrency);
  }

  /** Starts the actor; rejects, with the cell ended, when that fails or takes longer than `limitMs`. */
  start(args: unknown, limitMs: number): Promise<void> {
    this.#started ??= this.#start(args, limitMs);
    return this.#started;
  }

  /** Queues a message. False when there is no room; the ask is then still unanswered. */
  offer(delivery: Delivery): boolean {
    if (this.#phase === "ending" || this.#phase === "ended") {
      this.#bounce(delivery);
      return true;
    }
    if (!this.#mailbox.offer(delivery, delivery.lane)) return false;
    this.#wake();
    return true;
  }

  turn(messagesMax: number): number {
    this.#queued = false;
    let handled = 0;
    while (handled < messagesMax && this.#mayHandle()) {
      const delivery = this.#mailbox.take();
      if (!delivery) break;
      handled++;
      this.#handle(delivery);
    }
    this.#wake();
    return handled;
  }

  /**
   * Ends the actor in good order: messages under way are finished, then `stop` runs; what waits is
   * bounced at once. Resolves when it has ended, after `limitMs` at the latest.
   */
  async stop(limitMs: number): Promise<void> {
    if (this.#phase === "starting") await this.#started?.catch(() => undefined);
    if (!this.#ending) {
      this.#ending = this.#end("normal", undefined, limitMs);
    }
    await this.#ending;
  }

  /** Ends the actor at once: nothing is waited for and `stop` is not called. */
  kill(): void {
    if (this.#phase === "starting") {
      this.#earlyCrash ??= { error: new DvespError("INTERNAL", "the actor was killed") };
      return;
    }
    if (this.#phase === "ended") return;
    this.#host.emit("actor_killed", { actor: this.address.name });
    const error = new DvespError("INTERNAL", "the actor was killed");
    this.#close({ address: this.address, reason: "error", error: error.toPlain() });
  }

  /** Ends the actor as an error; asks under way and waiting end as gone. */
  crash(error: unknown): void {
    if (this.#phase === "ended") return;
    if (this.#phase === "starting") {
      this.#earlyCrash ??= { error };
      return;
    }
    const plain = crashReport(error);
    this.#host.emit("actor_crashed", { actor: this.address.name, ...plain });
    if (this.#phase === "ending") return;
    const limitMs = this.#definition.crashStopMs ?? crashStopMsDefault;
    this.#answerUnderWay();
    this.#ending = this.#end("error", plain.error, limitMs);
  }

  async #start(args: unknown, limitMs: number): Promise<void> {
    let late = false;
    const starting = Promise.resolve()
      .then(() => this.#definition.start(this.context, args))
      .then(async (actor) => {
        if (late || this.#earlyCrash) await actor.stop?.();
        if (this.#earlyCrash) throw toError(this.#earlyCrash.error);
        this.#actor = actor;
      });
    try {
      const inTime = await endedWithin(this.context.clock, limitMs, starting);
      late = !inTime;
      if (late) throw new DvespError("TIMEOUT", `the actor did not start within ${limitMs} ms`);
    } catch (error) {
      const plain = toDvespError(error).toPlain();
      this.#host.emit("actor_start_failed", { actor: this.address.name, error: plain });
      this.#close({ address: this.address, reason: "error", error: plain });
      throw error;
    }
    this.#phase = "running";
    this.#host.emit("actor_started", { actor: this.address.name });
    this.#wake();
  }

  #mayHandle(): boolean {
    return this.#phase === "running" && this.#underWay.size < this.#concurrency;
  }

  #wake(): void {
    if (this.#queued || this.#mailbox.size === 0 || !this.#mayHandle()) return;
    this.#queued = true;
    this.#host.dispatcher.ready(this);
  }

  #handle(delivery: Delivery): void {
    const { deadlineMs, from, attachments } = delivery;
    if (deadlineMs !== undefined && deadlineMs <= this.context.clock.monotonic()) {
      this.#host.deadLetters.count("expired");
      return;
    }
    const message = this.#open(delivery);
    if (!message) return;
    this.#underWay.set(delivery, this.context.clock.monotonic());
    try {
      const result = (this.#actor as Actor).receive(message.value, {
        sender: from.name === systemName ? undefined : from,
        attachments,
        deadline_ms: deadlineMs,
      });
      if (isThenable(result)) this.#whenSettled(delivery, result);
      else this.#succeeded(delivery, result);
    } catch (error) {
      this.#failed(delivery, error);
    }
  }

  #whenSettled(delivery: Delivery, result: PromiseLike<unknown>): void {
    result.then(
      (value) => this.#succeeded(delivery, value),
      (error: unknown) => this.#failed(delivery, error),
    );
  }

  #open(delivery: Delivery): { readonly value: unknown } | undefined {
    try {
      return { value: delivery.open((address) => this.context.ref(address)) };
    } catch (error) {
      this.#host.deadLetters.count("malformed");
      delivery.answer?.({ outcome: "refused", error: toDvespError(error).toPlain() });
      return undefined;
    }
  }

  #succeeded(delivery: Delivery, result: unknown): void {
    if (!this.#finished(delivery)) return;
    delivery.answer?.(okAnswer(result));
    this.#afterMessage();
  }

  #failed(delivery: Delivery, error: unknown): void {
    if (!this.#finished(delivery)) return;
    if (!isDvespError(error)) {
      delivery.answer?.({ outcome: "gone" });
      this.crash(error);
    } else if (delivery.answer) {
      delivery.answer({ outcome: "refused", error: error.toPlain() });
    } else {
      this.#host.emit("tell_refused", { actor: this.address.name, error: error.toPlain() });
    }
    this.#afterMessage();
  }

  /** False when it was answered already because the actor crashed. */
  #finished(delivery: Delivery): boolean {
    const begun = this.#underWay.get(delivery);
    if (begun === undefined) return false;
    this.#underWay.delete(delivery);
    this.#pace.took(this.context.clock.monotonic() - begun);
    return true;
  }

  #afterMessage(): void {
    if (this.#underWay.size === 0) this.#whenIdle?.();
    this.#wake();
  }

  #end(reason: "normal" | "error", error: PlainError | undefined, limitMs: number): Promise<void> {
    if (this.#phase === "ended") return Promise.resolve();
    this.#phase = "ending";
    for (const delivery of this.#mailbox.drain()) this.#bounce(delivery);
    return this.#letGo(limitMs).then(() => {
      const end = { address: this.address, reason };
      this.#close(error ? { ...end, error } : end);
    });
  }

  /** Waits for messages under way, then for `stop`; never rejects, and takes `limitMs` at most. */
  async #letGo(limitMs: number): Promise<void> {
    const letGo = async (): Promise<void> => {
      if (this.#underWay.size > 0) await new Promise<void>((idle) => (this.#whenIdle = idle));
      await this.#actor?.stop?.();
    };
    const failed = (error: unknown): void => {
      const plain = toDvespError(error).toPlain();
      this.#host.emit("actor_stop_failed", { actor: this.address.name, error: plain });
    };
    try {
      const inTime = await endedWithin(this.context.clock, limitMs, letGo());
      if (!inTime) failed(new DvespError("TIMEOUT", `not stopped within ${limitMs} ms`));
    } catch (error) {
      failed(error);
    }
  }

  #close(end: Termination): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#answerUnderWay();
    for (const delivery of this.#mailbox.drain()) this.#bounce(delivery);
    if (end.reason === "normal") this.#host.emit("actor_stopped", { actor: this.address.name });
    this.#host.ended(this, end);
  }

  #answerUnderWay(): void {
    for (const delivery of this.#underWay.keys()) delivery.answer?.({ outcome: "gone" });
    this.#underWay.clear();
  }

  #bounce(delivery: Delivery): void {
    this.#host.deadLetters.count("actor_ended");
    delivery.answer?.({ outcome: "gone" });
  }
}
