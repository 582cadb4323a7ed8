/** The actor that keeps hints, on storage in memory; it may be away. */
import { MemoryDisk } from "../../src/base/index.js";
import type { Clock } from "../../src/base/index.js";
import type { Actor, ActorContext, ActorRef, AskResult } from "../../src/runtime/index.js";
import { MemoryTables } from "../../src/storage/index.js";
import hintActor from "../../src/actors/repair/hint-actor.js";
import type { HintsMessage } from "../../src/actors/repair/hint-messages.js";
import type { EmitRepair } from "../../src/actors/repair/repair-log.js";

const envelope = { sender: undefined, attachments: [], deadline_ms: undefined };

export class HintKeeper {
  readonly tables = new MemoryTables();
  readonly #disk = new MemoryDisk();
  readonly #context: ActorContext;
  readonly #hintMs: number | undefined;
  #actor: Actor<HintsMessage> | undefined;

  constructor(clock: Clock, emit: EmitRepair, hintMs?: number) {
    this.#hintMs = hintMs;
    const storage = {
      disk: this.#disk,
      openTable: this.tables.open,
      lock: () => ({ release: () => undefined }),
    };
    const crash = (error: unknown): void => {
      throw error;
    };
    this.#context = { clock, storage, emit, crash } as Partial<ActorContext> as ActorContext;
  }

  async start(): Promise<void> {
    const hint_ms = this.#hintMs;
    const args = { directory: "/hints", ...(hint_ms !== undefined && { hint_ms }) };
    this.#actor = await hintActor.start(this.#context, args);
  }

  /** From now on it does not answer, until it is started again. */
  end(): void {
    this.#actor = undefined;
  }

  get ref(): ActorRef<HintsMessage> {
    const ask = async (message: HintsMessage): Promise<AskResult<unknown>> => {
      if (!this.#actor) return { outcome: "gone" };
      return { outcome: "ok", value: await this.#actor.receive(message, envelope) };
    };
    return {
      address: { host: "here", name: "hints" },
      tell: () => false,
      ask: (message) => ask(message) as never,
    };
  }
}
