/**
 * Keeps this node's hints on its disk: on a thread that writes, never on the main one. Hints that come
 * while others are made durable go into the next commit together.
 */
import { isDvespError, toDvespError, unreachable } from "../../base/index.js";
import { defineActor } from "../../runtime/index.js";
import type { Actor, ActorContext } from "../../runtime/index.js";
import { HintLog } from "../../storage/index.js";
import type { NewHint } from "../../storage/index.js";
import { LossCount } from "./loss-count.js";
import { decodeHint, encodeHint } from "./hint-messages.js";
import type { Hint, HintBatch, HintLosses, HintsMessage, MissedHint } from "./hint-messages.js";
import { repairLimits } from "./limits.js";

export interface HintsArgs {
  /** Where they are kept. */
  readonly directory: string;
  readonly bytes_max?: number;
  readonly hint_ms?: number;
}

const mebi = 1024 * 1024;
const bytesMaxDefault = 256 * mebi;
const countMax = 200_000;
/** Twice what rows leave free, so that hints never take room from rows. */
const reserveBytes = 128 * mebi;

export default defineActor<HintsArgs, HintsMessage>({
  async start(context, { directory, bytes_max: bytesMax = bytesMaxDefault, hint_ms }) {
    const { disk, openTable } = context.storage;
    const options = { directory, disk, openTable, bytesMax, countMax, reserveBytes };
    const log = await HintLog.open(options);
    return new HintsActor(context, log, hint_ms ?? repairLimits.hintMs);
  },
});

class HintsActor implements Actor<HintsMessage> {
  readonly #context: ActorContext;
  readonly #log: HintLog;
  readonly #hintMs: number;
  readonly #lost: LossCount;

  constructor(context: ActorContext, log: HintLog, hintMs: number) {
    this.#context = context;
    const say = (hints: number): void => context.emit({ type: "hints_lost", hints });
    this.#lost = new LossCount(context.clock, say);
    this.#log = log;
    this.#hintMs = hintMs;
  }

  receive(message: HintsMessage): unknown {
    switch (message.type) {
      case "missed":
        return this.#keep(message.hints);
      case "next":
        return this.#next(message.node, message.bytes_max);
      case "confirmed":
        return this.#log.remove(message.node, message.sequence);
      case "nodes":
        return this.#log.targets();
      default:
        return unreachable(message);
    }
  }

  stop(): Promise<void> {
    return this.#log.close();
  }

  async #keep(missed: readonly MissedHint[]): Promise<HintLosses> {
    const hints = missed.map(newHint);
    const fitting = hints.filter((hint) => HintLog.fits(hint));
    const tooLarge = hints.length - fitting.length;
    try {
      return this.#losses(tooLarge + (await this.#log.append(fitting)));
    } catch (error) {
      // Whether it is durable only a log that is opened anew can say.
      if (!isDvespError(error) || error.code !== "STORAGE_FULL") this.#context.crash(error);
      return { ...this.#losses(hints.length), error: toDvespError(error).toPlain() };
    }
  }

  async #next(node: string, bytesMax: number): Promise<HintBatch> {
    const expired = await this.#log.expire(this.#context.clock.now() - this.#hintMs);
    const { hints: logged, damaged, upTo } = this.#log.read(node, bytesMax);
    const hints: Hint[] = [];
    const sequences: number[] = [];
    for (const { sequence, bytes } of logged) {
      const hint = readHint(bytes);
      if (!hint) continue;
      hints.push(hint);
      sequences.push(sequence);
    }
    const lost = expired + damaged + logged.length - hints.length;
    if (hints.length === 0 && upTo > 0) await this.#log.remove(node, upTo);
    return { hints, sequences, lost: this.#losses(lost).lost };
  }

  #losses(lost: number): HintLosses {
    this.#lost.add(lost);
    return { lost };
  }
}

function newHint({ node, time_ms: timeMs, ...hint }: MissedHint): NewHint {
  return { target: node, timeMs, bytes: encodeHint(hint) };
}

function readHint(bytes: Uint8Array): Hint | undefined {
  try {
    return decodeHint(bytes);
  } catch {
    return undefined;
  }
}
