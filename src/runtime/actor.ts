/**
 * What an actor is: private state behind a mailbox, reached only by messages. These are the types
 * that authors of actors write against; docs/RUNTIME-SEMANTICS.md states what they may rely on.
 */
import type { Clock, PlainError, Random } from "../base/index.js";
import type { Address, Lane } from "../mailbox/index.js";
import type { Storage } from "../storage/index.js";
import type { TaskRunner } from "./task-pool.js";

export type { Address, Lane } from "../mailbox/index.js";

/**
 * How an ask ended. `refused`: the actor answered with an operating error (also `OVERLOADED`, when
 * its mailbox was full). `timeout`: no answer in time; whether the message was handled is unknown.
 * `gone`: the actor or its thread ended, or never was; whether the message was handled is unknown.
 */
export type AskResult<T> =
  | { readonly outcome: "ok"; readonly value: T; readonly attachments?: readonly unknown[] }
  | { readonly outcome: "refused"; readonly error: PlainError }
  | { readonly outcome: "timeout" }
  | { readonly outcome: "gone" };

export interface TellOptions {
  /** `control` overtakes the user messages that wait. Default `user`. */
  readonly lane?: Lane;
  /** Structured-cloned beside the frame: shared memory. Not across processes. */
  readonly attachments?: readonly unknown[];
}

export interface AskOptions extends TellOptions {
  /** The answer is no longer wanted after this long; a message still queued then is dropped. */
  readonly timeout_ms: number;
  /** Steady time that cuts `timeout_ms` short: the deadline of the message being handled. */
  readonly deadline_ms?: number | undefined;
}

/**
 * A message type's answers: `Protocol["search"]` is the answer to `{ type: "search", … }`.
 * Refs are values: they can be sent in messages, and stay valid when the actor is restarted.
 */
export interface ActorRef<Message = unknown> {
  readonly address: Address;
  /** At most once, in order per sender; false when it could not even be queued. */
  tell(message: Message, options?: TellOptions): boolean;
  /** Never rejects: every end is a value. */
  ask<Answer = unknown>(message: Message, options: AskOptions): Promise<AskResult<Answer>>;
}

export interface Envelope {
  /** The actor through whose ref the message came; undefined when sent from outside any actor. */
  readonly sender: Address | undefined;
  readonly attachments: readonly unknown[];
  /** Steady time (`context.clock.monotonic()`) after which nobody waits for the answer any more. */
  readonly deadline_ms: number | undefined;
}

export interface Actor<Message = unknown> {
  /**
   * Handles one message; what it returns (or resolves to) answers an ask. A thrown `DvespError` is
   * an answer too and the actor lives on; anything else thrown crashes the actor.
   */
  receive(message: Message, envelope: Envelope): unknown;
  /**
   * Lets go of what the actor holds, within the shutdown time of its child spec. Called once, when
   * the actor is stopped and also after it crashed (files must be free for the next start), but not
   * when it is killed or its thread dies.
   */
  stop?(): void | Promise<void>;
}

/** What `receive` returns to answer with shared memory beside the value. */
export class AnswerWithAttachments {
  constructor(
    readonly value: unknown,
    readonly attachments: readonly unknown[],
  ) {}
}

/** An answer with shared memory: `attachments` reach the asker's `AskResult` by structured clone. */
export function answerWith(value: unknown, attachments: readonly unknown[]): AnswerWithAttachments {
  return new AnswerWithAttachments(value, attachments);
}

/**
 * How an actor ended. `normal`: stopped. `error`: crashed or killed, or it was not there to watch.
 * `host_lost`: its thread died, or the link to it.
 */
export interface Termination {
  readonly address: Address;
  readonly reason: "normal" | "error" | "host_lost";
  readonly error?: PlainError;
}

export interface ActorContext {
  readonly self: ActorRef;
  readonly clock: Clock;
  readonly random: Random;
  /** The disk of this host: what the actor keeps, it keeps there. */
  readonly storage: Storage;
  /** Structured-cloned with the spawn request: shared memory. */
  readonly attachments: readonly unknown[];
  /** Threads of this host for short work; undefined on the main thread. */
  readonly tasks: TaskRunner | undefined;
  /** A ref to any address; making one sends nothing. */
  ref<Message>(address: Address): ActorRef<Message>;
  /** Calls `listener` once when the actor there ends; the returned function ends the watch. */
  watch(address: Address, listener: (end: Termination) => void): () => void;
  /** Publishes an event; it reaches the main thread's event stream. */
  emit(event: { readonly type: string; readonly [detail: string]: unknown }): void;
  /** Ends this actor as an error, from outside `receive` (a background task that failed). */
  crash(error: unknown): void;
}

export interface ActorDefinition<Args = unknown, Message = never> {
  /** Called anew at every start: a restarted actor is a new object. */
  start(context: ActorContext, args: Args): Actor<Message> | Promise<Actor<Message>>;
  /**
   * Messages handled at the same time (an async `receive` counts until it settles).
   * Default 1: one message at a time, whatever it awaits.
   */
  readonly concurrency?: number;
  /** User messages waiting at most; default `limits.mailboxMessagesMax`. */
  readonly mailbox?: number;
  /** How long `stop` may take after a crash, in milliseconds. Default 5000. */
  readonly crashStopMs?: number;
}

/** Types a definition; a module that hosts load exports one as `default`. */
export function defineActor<Args, Message>(
  definition: ActorDefinition<Args, Message>,
): ActorDefinition<Args, Message> {
  return definition;
}

/** A definition whose argument and message types are no longer known: as it comes from a loader. */
export type AnyDefinition = ActorDefinition<never>;
