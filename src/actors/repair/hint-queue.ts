/**
 * The way of hints to the actor that keeps them: bounded, and never in the way of a write. What finds
 * no room, or does not get there, is lost and counted; anti-entropy brings what it said.
 */
import { limits } from "../../base/index.js";
import type { ActorRef } from "../../runtime/index.js";
import type { HintLosses, HintsMessage, MissedHint } from "./hint-messages.js";

export interface HintQueueParts {
  /** Who keeps hints on the disk. */
  readonly keeper: ActorRef<HintsMessage>;
  /** That so many were lost. */
  readonly onLost: (hints: number) => void;
  /** Hints for the node are durable. */
  readonly onKept: (node: string) => void;
}

/** Hints under way, in their contents. */
const bytesMax = 32 * 1024 * 1024;
const hintsPerMessage = 256;
const keepMs = limits.timeoutMsDefault;

export class HintQueue {
  readonly #parts: HintQueueParts;
  #waiting: MissedHint[] = [];
  #bytes = 0;
  #isSending = false;

  constructor(parts: HintQueueParts) {
    this.#parts = parts;
  }

  push(hint: MissedHint): void {
    const bytes = bytesOf(hint);
    if (this.#bytes + bytes > bytesMax) {
      this.#parts.onLost(1);
      return;
    }
    this.#bytes += bytes;
    this.#waiting.push(hint);
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const hints = this.#waiting.slice(0, hintsPerMessage);
      this.#waiting = this.#waiting.slice(hintsPerMessage);
      const message: HintsMessage = { type: "missed", hints };
      const result = await this.#parts.keeper.ask<HintLosses>(message, { timeout_ms: keepMs });
      this.#bytes -= hints.reduce((sum, hint) => sum + bytesOf(hint), 0);
      if (result.outcome === "ok") {
        for (const node of new Set(hints.map((hint) => hint.node))) this.#parts.onKept(node);
      } else this.#parts.onLost(hints.length);
    }
    this.#isSending = false;
  }
}

/** Of its contents, and somewhat more. */
function bytesOf({ message }: MissedHint): number {
  const { write } = message;
  const ids = write.ids?.length ?? 0;
  if (write.kind === "delete") return 256 + ids;
  return 256 + ids + (write.vectors?.byteLength ?? 0) + (write.metadata?.data.length ?? 0);
}
