/** A ref to an actor that is not there: the test says what becomes of each message. */
import type { PlainError } from "../../../src/base/index.js";
import type { ActorRef, AskOptions, AskResult } from "../../../src/runtime/index.js";

export interface Asked {
  readonly message: unknown;
  readonly options: AskOptions;
}

export type Reply = AskResult<unknown> | Promise<AskResult<unknown>>;

export class HandMadeRef implements ActorRef {
  readonly address;
  readonly asked: Asked[] = [];
  readonly #reply: (message: unknown, count: number) => Reply;

  /** `reply` is given each message, and how many came before it. */
  constructor(reply: (message: unknown, count: number) => Reply, name = "actor") {
    this.address = { host: "here", name };
    this.#reply = reply;
  }

  tell(): boolean {
    return true;
  }

  async ask<Answer>(message: unknown, options: AskOptions): Promise<AskResult<Answer>> {
    const count = this.asked.length;
    this.asked.push({ message, options });
    return (await this.#reply(message, count)) as AskResult<Answer>;
  }
}

export const gone: AskResult<unknown> = { outcome: "gone" };
export const timeout: AskResult<unknown> = { outcome: "timeout" };
export const ok = (value: unknown): AskResult<unknown> => ({ outcome: "ok", value });
export const refused = (code: PlainError["code"], message = "refused"): AskResult<unknown> => ({
  outcome: "refused",
  error: { code, message },
});
export const never: Promise<AskResult<unknown>> = new Promise(() => undefined);
