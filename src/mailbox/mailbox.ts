/**
 * The messages that wait for one actor: two lanes, each first-in first-out and bounded, the control
 * lane always taken first. The actor pulls; nothing is pushed at it.
 */
import { limits } from "../base/index.js";
import type { Lane } from "./frame.js";
import { Ring } from "./ring.js";

export class Mailbox<T> {
  readonly #control: Ring<T>;
  readonly #user: Ring<T>;

  /** `capacity`: user messages at most; the control lane has `limits.mailboxMessagesMax`. */
  constructor(capacity: number = limits.mailboxMessagesMax) {
    this.#control = new Ring(limits.mailboxMessagesMax);
    this.#user = new Ring(capacity);
  }

  get size(): number {
    return this.#control.size + this.#user.size;
  }

  /** Queues `item`; false when its lane is full. */
  offer(item: T, lane: Lane): boolean {
    return (lane === "control" ? this.#control : this.#user).push(item);
  }

  /** The next message: control before user, in order within a lane. */
  take(): T | undefined {
    return this.#control.size > 0 ? this.#control.shift() : this.#user.shift();
  }

  /** Takes everything. */
  drain(): T[] {
    const items: T[] = [];
    for (let item = this.take(); item !== undefined; item = this.take()) items.push(item);
    return items;
  }
}
