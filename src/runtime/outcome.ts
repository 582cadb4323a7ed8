/** What an actor's code gave or threw, in the forms in which others hear of it. */
import { type PlainError, toDvespError } from "../base/index.js";
import { AnswerWithAttachments } from "./actor.js";
import type { Answer } from "./delivery.js";

/** What `receive` gave, as the end of the ask. */
export function okAnswer(result: unknown): Answer {
  if (!(result instanceof AnswerWithAttachments)) return { outcome: "ok", value: result };
  return { outcome: "ok", value: result.value, attachments: result.attachments };
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as PromiseLike<unknown>).then === "function"
  );
}

export function toError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

/** What an event says of a crash. The stack goes to the event stream only: an answer never carries it. */
export function crashReport(error: unknown): { error: PlainError; stack?: string } {
  const plain = toDvespError(error).toPlain();
  const stack = error instanceof Error ? error.stack : undefined;
  return stack === undefined ? { error: plain } : { error: plain, stack };
}
