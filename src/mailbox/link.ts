/**
 * What carries frames between two hosts: in one thread, between threads, over a socket. Frames
 * arrive in the order in which they were accepted, at most once. What every link must do is tested
 * by test/conformance/transport-suite.ts.
 */
import type { DvespError } from "../base/index.js";
import type { Frame } from "./frame.js";

/**
 * `accepted`: the frame is on its way and its memory is no longer the sender's. `full`: the other
 * side is behind; the frame is untouched and may be sent again. `closed`: no frame will pass again.
 */
export type SendOutcome = "accepted" | "full" | "closed";

export interface LinkHandlers {
  /** A frame came in. When this returns, the frame counts as taken and its credit goes back. */
  readonly onFrame: (frame: Frame) => void;
  /** Something came in that is no frame; it was dropped. */
  readonly onMalformed: (error: DvespError) => void;
  /** The link has ended, from either side; called once. */
  readonly onClose: () => void;
}

export interface Link {
  /** Starts delivery; called once, before which incoming frames wait. */
  open(handlers: LinkHandlers): void;
  send(frame: Frame): SendOutcome;
  /** Ends the link on both sides; frames still under way may be lost. */
  close(): void;
}
