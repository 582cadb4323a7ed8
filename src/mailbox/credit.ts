/**
 * Back-pressure of one direction of a link. The sender holds a window of frames and bytes; the
 * receiver gives credit back as it takes frames off, in batches of an eighth of the window, so that
 * a credit message is rare and the sender is never starved.
 *
 * Requests are refused when the window is used up, control requests only at twice the window.
 * Answers and signals are never refused: their number is bounded by what was asked and spawned, and
 * a lost answer would turn overload into time-outs.
 */
import { limits } from "../base/index.js";
import type { FrameHeader } from "./frame.js";

export interface Credit {
  readonly frames: number;
  readonly bytes: number;
}

export const defaultWindow: Credit = { frames: limits.linkFramesMax, bytes: limits.linkBytesMax };

const controlFactor = 2;
const batchesPerWindow = 8;

/** The sender's side. */
export class CreditWindow {
  readonly #window: Credit;
  #frames = 0;
  #bytes = 0;

  constructor(window: Credit) {
    this.#window = window;
  }

  /** Counts a frame of `bytes` as under way; false, and nothing counted, when there is no room. */
  take(header: FrameHeader, bytes: number): boolean {
    const factor = windowFactor(header);
    if (this.#frames + 1 > this.#window.frames * factor) return false;
    if (this.#bytes + bytes > this.#window.bytes * factor) return false;
    this.#frames++;
    this.#bytes += bytes;
    return true;
  }

  /** The other side has taken so much. */
  give(credit: Credit): void {
    this.#frames = Math.max(0, this.#frames - credit.frames);
    this.#bytes = Math.max(0, this.#bytes - credit.bytes);
  }
}

/** The receiver's side. */
export class CreditReturn {
  readonly #batch: Credit;
  #frames = 0;
  #bytes = 0;

  constructor(window: Credit) {
    this.#batch = {
      frames: Math.max(1, Math.floor(window.frames / batchesPerWindow)),
      bytes: Math.max(1, Math.floor(window.bytes / batchesPerWindow)),
    };
  }

  /** Counts a frame as taken; gives the credit to send back when a batch is full. */
  taken(bytes: number): Credit | undefined {
    this.#frames++;
    this.#bytes += bytes;
    if (this.#frames < this.#batch.frames && this.#bytes < this.#batch.bytes) return undefined;
    const credit = { frames: this.#frames, bytes: this.#bytes };
    this.#frames = 0;
    this.#bytes = 0;
    return credit;
  }
}

function windowFactor({ kind, lane }: FrameHeader): number {
  if (kind !== "tell" && kind !== "ask") return Infinity;
  return lane === "control" ? controlFactor : 1;
}
