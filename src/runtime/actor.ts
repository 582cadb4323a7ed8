/**
 * What an actor is: private state behind a mailbox, reached only by messages. These are the types
 * that authors of actors write against; docs/RUNTIME-SEMANTICS.md states what they may rely on.
 */
import type { Clock, PlainError, Random } from "../base/index.js";

/** Where an actor lives: a host is one thread (`main`, `worker-0`, …), a name is unique on it. */
export interface Address {
  readonly host: string;
  readonly name: string;
}

/**
 * How an ask ended. `refused`: the actor answered with an operating error (also `OVERLOADED`, when
 * its mailbox was full). `timeout`: no answer in time; whether the message was handled is unknown.
 * `gone`: the actor or its thread ended, or never was; whether the message was handled is unknown.
 */
export type AskResult<T> =
  | { readonly outcome: "ok"; readonly value: T }
  | { readonly outcome: "refused"; readonly error: PlainError }
  | { readonly outcome: "timeout" }
  | { readonly outcome: "gone" };

export interface AskOptions {
  /** The answer is no longer wanted after this long; a message still queued then is dropped. */
  readonly timeout_ms: number;
  /** Structured-cloned beside the frame: shared memory. Not across processes. */
  readonly attachments?: readonly unknown[];
}

/**
 * A message type's answers: `Protocol["search"]` is the answer to `{ type: "search", … }`.
 * Refs are values: they can be sent in messages, and stay valid when the actor is restarted.
 */
export interface ActorRef<Message = unknown> {
  readonly address: Address;
  /** At most once, in order per sender; false when it could not even be queued. */
  tell(message: Message): boolean;
  /** Never rejects: every end is a value. */
  ask<Answer = unknown>(message: Message, options: AskOptions): Promise<AskResult<Answer>>;
}

export interface Envelope {
  readonly sender: Address | undefined;
  readonly attachments: readonly unknown[];
  /** Wall time after which nobody waits for the answer any more. */
  readonly deadline_ms: number | undefined;
}

export interface Actor<Message = unknown> {
  /**
   * Handles one message; what it returns (or resolves to) answers an ask. A thrown `DvespError` is
   * an answer too and the actor lives on; anything else thrown crashes the actor.
   */
  receive(message: Message, envelope: Envelope): unknown;
  /** Lets go of what the actor holds, within the shutdown time of its child spec. */
  stop?(): void | Promise<void>;
}

export interface ActorContext {
  readonly self: ActorRef;
  readonly clock: Clock;
  readonly random: Random;
  /** Structured-cloned with the spawn request: shared memory. */
  readonly attachments: readonly unknown[];
  /** A ref to any address; making one sends nothing. */
  ref<Message>(address: Address): ActorRef<Message>;
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
}

/** Types a definition; a module that hosts load exports one as `default`. */
export function defineActor<Args, Message>(
  definition: ActorDefinition<Args, Message>,
): ActorDefinition<Args, Message> {
  return definition;
}
