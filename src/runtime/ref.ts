/** Refs: an address bound to the system through which this thread reaches it. */
import type { Address } from "../mailbox/index.js";
import type { ActorRef, AskOptions, AskResult, TellOptions } from "./actor.js";

/** The sending side of a system. `from` is the actor in whose name a message goes. */
export interface Sender {
  tell(from: Address, to: Address, message: unknown, options: TellOptions): boolean;
  ask(
    from: Address,
    to: Address,
    message: unknown,
    options: AskOptions,
  ): Promise<AskResult<unknown>>;
}

const noOptions: TellOptions = {};

export class Ref implements ActorRef {
  readonly address: Address;
  readonly #sender: Sender;
  readonly #from: Address;

  constructor(sender: Sender, from: Address, address: Address) {
    this.#sender = sender;
    this.#from = from;
    this.address = address;
  }

  tell(message: unknown, options: TellOptions = noOptions): boolean {
    return this.#sender.tell(this.#from, this.address, message, options);
  }

  ask<Answer>(message: unknown, options: AskOptions): Promise<AskResult<Answer>> {
    const result = this.#sender.ask(this.#from, this.address, message, options);
    return result as Promise<AskResult<Answer>>;
  }
}

/** The address behind a ref, for the codec that carries refs in messages. */
export function addressOfRef(value: object): Address | undefined {
  return value instanceof Ref ? value.address : undefined;
}
