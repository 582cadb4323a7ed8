/**
 * A first-in first-out queue with a bound, in an array that is used round and round.
 *
 *          head            head + size
 *            v                v
 *     [ . . | a | b | c | d | . . . ]     room doubles up to `capacity`, then `push` says false
 */
import { assert } from "../base/index.js";

const firstRoom = 16;

export class Ring<T> {
  readonly capacity: number;
  #slots: (T | undefined)[] = new Array<undefined>(firstRoom);
  #head = 0;
  #size = 0;

  constructor(capacity: number) {
    assert(Number.isSafeInteger(capacity) && capacity > 0, `a ring's capacity is ${capacity}`);
    this.capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds at the end; false when full. */
  push(item: T): boolean {
    if (this.#size === this.capacity) return false;
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size++;
    return true;
  }

  /** Takes from the front; undefined when empty. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return item;
  }

  #grow(): void {
    const slots = new Array<T | undefined>(this.#slots.length * 2);
    for (let index = 0; index < this.#size; index++) {
      slots[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
