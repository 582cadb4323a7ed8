/**
 * Shared memory in which one searcher leaves its answers for the main thread, so that an answer
 * crosses threads without being copied, allocated or collected as garbage: a slot is taken, written
 * by the searcher, read by the main thread (a socket writes from it), and let go.
 *
 *     slot states, one word each | slot 0 | slot 1 | …
 *
 * Only the searcher takes slots and only the main thread lets them go, each by one atomic store. The
 * memory belongs to one run of a searcher: its successor gets another, so that what the dead one left
 * behind can be neither lost nor given out twice. Without a free slot, or room in it, an answer
 * travels in a message.
 */
import { assert } from "../../base/index.js";

/** The memory of one run of a searcher. */
export interface AnswerArea {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
}

/** An answer that stands at the start of a slot. */
export interface SlotAnswer {
  readonly area: number;
  readonly slot: number;
  readonly bytes: number;
}

const slotCount = 64;
/** Two usual answers; only what is written to becomes memory. */
const slotBytes = 64 * 1024;
const statesBytes = 4 * slotCount;
const free = 0;
const taken = 1;

export class AnswerSlots {
  readonly id: number;
  readonly #states: Int32Array;
  readonly #slots: readonly Buffer[];

  constructor({ id, memory }: AnswerArea) {
    this.id = id;
    this.#states = new Int32Array(memory, 0, slotCount);
    this.#slots = Array.from({ length: slotCount }, (_, slot) =>
      Buffer.from(memory, statesBytes + slot * slotBytes, slotBytes),
    );
  }

  static area(id: number): AnswerArea {
    return { id, memory: new SharedArrayBuffer(statesBytes + slotCount * slotBytes) };
  }

  /** Slots that are taken. */
  get used(): number {
    return this.#states.reduce((sum, _, slot) => sum + Atomics.load(this.#states, slot), 0);
  }

  /** The first free slot, so that few of them are ever touched; undefined when there is none. */
  take(): number | undefined {
    for (let slot = 0; slot < slotCount; slot++) {
      if (Atomics.load(this.#states, slot) !== free) continue;
      Atomics.store(this.#states, slot, taken);
      return slot;
    }
    return undefined;
  }

  memoryOf(slot: number): Buffer {
    const memory = this.#slots[slot];
    assert(memory, `there is a slot ${slot}`);
    return memory;
  }

  /** Nobody reads the slot any more. */
  release(slot: number): void {
    assert(Atomics.load(this.#states, slot) === taken, "a slot is let go once");
    Atomics.store(this.#states, slot, free);
  }
}
