/** A replica on this node: its actors are asked directly, and are waited for while they start anew. */
import { sleep, toDvespError } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { ReplicaPlace } from "../../cluster/index.js";
import type { AskResult } from "../../runtime/index.js";
import type { ReplicaMessage } from "../replica/messages.js";
import type { ReplicationMessage } from "../replica/replication-messages.js";
import type { SearcherMessage } from "../searcher/messages.js";
import type { ShardStatus } from "../shard/messages.js";
import type { Shard } from "../shard/shard.js";
import type { ReplicaAccess } from "./access.js";
import { isRepeatable } from "./repeatable.js";

const retryMs = 5;
const gone = { outcome: "gone" } as const;

export class LocalReplica implements ReplicaAccess {
  readonly local = true;
  readonly place: ReplicaPlace;
  readonly #clock: Clock;
  readonly #shard: () => Shard | undefined;
  readonly #isHidden: () => boolean;

  /** `shard`: undefined while it is not open. `isHidden`: it will be in a moment. */
  constructor(
    place: ReplicaPlace,
    clock: Clock,
    shard: () => Shard | undefined,
    isHidden: () => boolean,
  ) {
    this.place = place;
    this.#clock = clock;
    this.#shard = shard;
    this.#isHidden = isHidden;
  }

  isAlive(): boolean {
    const shard = this.#shard();
    return shard ? shard.ended() === undefined : this.#isHidden();
  }

  async ask<Answer>(
    message: ReplicaMessage | ReplicationMessage,
    timeoutMs: number,
  ): Promise<AskResult<Answer>> {
    const endMs = this.#clock.monotonic() + timeoutMs;
    for (;;) {
      const shard = this.#shard() ?? (await this.#shown(endMs));
      const leftMs = endMs - this.#clock.monotonic();
      if (!shard || leftMs <= 0) return gone;
      const result = await shard.replica.ask<Answer>(message, { timeout_ms: leftMs });
      if (result.outcome !== "gone" || shard.ended() || !isRepeatable(message)) return result;
      await sleep(this.#clock, retryMs);
    }
  }

  async read<Answer>(message: SearcherMessage, timeoutMs: number): Promise<AskResult<Answer>> {
    const shard = this.#shard() ?? (await this.#shown(this.#clock.monotonic() + timeoutMs));
    return shard ? shard.searchers.tryAsk<Answer>(message, timeoutMs) : gone;
  }

  async #shown(endMs: number): Promise<Shard | undefined> {
    while (this.#isHidden() && this.#clock.monotonic() < endMs) await sleep(this.#clock, retryMs);
    return this.#shard();
  }

  get outstanding(): number {
    return this.#shard()?.searchers.outstanding ?? 0;
  }

  async status(timeoutMs: number): Promise<AskResult<ShardStatus>> {
    const shard = this.#shard() ?? (await this.#shown(this.#clock.monotonic() + timeoutMs));
    if (!shard) return gone;
    try {
      return { outcome: "ok", value: await shard.status() };
    } catch (error) {
      return { outcome: "refused", error: toDvespError(error).toPlain() };
    }
  }
}
