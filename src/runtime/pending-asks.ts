/** The asks of one host that wait for their end: an answer, their time, or the other side's loss. */
import type { Clock, Timer } from "../base/index.js";
import type { Address } from "../mailbox/index.js";
import type { AskResult } from "./actor.js";

interface Pending {
  readonly to: Address;
  readonly timer: Timer;
  readonly end: (result: AskResult<unknown>) => void;
}

export class PendingAsks {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Opens an ask that ends as `timeout` after `timeoutMs` unless settled before. */
  open(to: Address, timeoutMs: number): { id: number; result: Promise<AskResult<unknown>> } {
    const id = ++this.#last;
    const result = new Promise<AskResult<unknown>>((end) => {
      const timer = this.#clock.after(timeoutMs, () => this.settle(id, { outcome: "timeout" }));
      this.#pending.set(id, { to, timer, end });
    });
    return { id, result };
  }

  /** Ends ask `id`; false when it had ended before. */
  settle(id: number, result: AskResult<unknown>): boolean {
    const ask = this.#pending.get(id);
    if (!ask) return false;
    this.#pending.delete(id);
    ask.timer.cancel();
    ask.end(result);
    return true;
  }

  /** Ends as gone all asks to hosts for which `lost` is true. */
  lose(lost: (host: string) => boolean): void {
    for (const [id, { to }] of this.#pending) {
      if (lost(to.host)) this.settle(id, { outcome: "gone" });
    }
  }
}
