/**
 * A replica on another node. The shard's actor there says once which actors to ask; when one of them
 * is gone, it is asked again, as its successor may live elsewhere.
 */
import { sleep } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import type { ReplicaPlace } from "../../cluster/index.js";
import type { ActorRef, Address, AskResult } from "../../runtime/index.js";
import type { ReplicaMessage } from "../replica/messages.js";
import type { ReplicationMessage } from "../replica/replication-messages.js";
import type { SearcherMessage } from "../searcher/messages.js";
import type { ShardAddresses, ShardMessage, ShardStatus } from "../shard/messages.js";
import { WorkerPool } from "../worker-pool.js";
import type { ReplicaAccess } from "./access.js";
import { isRepeatable } from "./repeatable.js";
import { ReplicaHealth } from "./replica-health.js";
import { WhileReached } from "./while-reached.js";

export interface RemoteParts {
  readonly clock: Clock;
  /** The actor of the shard on the replica's node. */
  readonly shard: ActorRef<ShardMessage>;
  readonly ref: (address: Address) => ActorRef;
  /** Whether it is in the map, and messages reach its node. */
  readonly isReached: () => boolean;
}

interface Actors {
  readonly replica: ActorRef;
  readonly searchers: WorkerPool;
}

const retryMs = 20;
const addressesMs = 1000;
const gone = { outcome: "gone" } as const;

/** What is known of a replica, however often the map changes. */
export class RemoteActors {
  readonly health: ReplicaHealth;
  readonly #parts: RemoteParts;
  readonly #whileReached: WhileReached;
  #actors: Promise<AskResult<Actors>> | undefined;
  outstanding = 0;

  constructor(parts: RemoteParts) {
    this.#parts = parts;
    this.health = new ReplicaHealth(parts.clock);
    this.#whileReached = new WhileReached(parts.clock, parts.isReached);
  }

  get isAlive(): boolean {
    return this.#parts.isReached() && this.health.isWell;
  }

  /** Asks until somebody was there, the time is over, or the node is not reached any more. */
  async ask<Answer>(
    question: (actors: Actors, leftMs: number) => Promise<AskResult<Answer>>,
    timeoutMs: number,
    mayRepeat: () => boolean,
  ): Promise<AskResult<Answer>> {
    const { clock, isReached } = this.#parts;
    const endMs = clock.monotonic() + timeoutMs;
    for (;;) {
      const leftMs = endMs - clock.monotonic();
      if (!isReached() || leftMs <= 0) return gone;
      const result = await this.#whileReached.ask((isGivenUp) =>
        this.#attempt(question, endMs, isGivenUp),
      );
      this.health.note(result, timeoutMs);
      if (result.outcome !== "gone") return result;
      this.#actors = undefined;
      if (!mayRepeat()) return result;
      await sleep(clock, retryMs);
    }
  }

  async #attempt<Answer>(
    question: (actors: Actors, leftMs: number) => Promise<AskResult<Answer>>,
    endMs: number,
    isGivenUp: () => boolean,
  ): Promise<AskResult<Answer>> {
    const { clock } = this.#parts;
    const actors = await this.#reach(Math.min(endMs - clock.monotonic(), addressesMs));
    if (isGivenUp()) return gone;
    return actors.outcome === "ok" ? question(actors.value, endMs - clock.monotonic()) : actors;
  }

  async status(timeoutMs: number): Promise<AskResult<ShardStatus>> {
    if (!this.#parts.isReached()) return gone;
    return this.#parts.shard.ask<ShardStatus>({ type: "status" }, { timeout_ms: timeoutMs });
  }

  #reach(timeoutMs: number): Promise<AskResult<Actors>> {
    this.#actors ??= this.#lookUp(timeoutMs);
    return this.#actors;
  }

  async #lookUp(timeoutMs: number): Promise<AskResult<Actors>> {
    const { clock, shard, ref } = this.#parts;
    const asked = { timeout_ms: timeoutMs };
    const found = await shard.ask<ShardAddresses>({ type: "addresses" }, asked);
    if (found.outcome !== "ok") {
      this.#actors = undefined;
      // Its node has still to close the shard whose place it takes.
      return found.outcome === "refused" && found.error.code === "OVERLOADED" ? gone : found;
    }
    const refs = found.value.searchers.map(ref);
    const searchers = new WorkerPool({ clock, refs });
    return { outcome: "ok", value: { replica: ref(found.value.replica), searchers } };
  }
}

/** Those actors as a replica of the map. */
export class RemoteReplica implements ReplicaAccess {
  readonly local = false;
  readonly place: ReplicaPlace;
  readonly #actors: RemoteActors;

  constructor(place: ReplicaPlace, actors: RemoteActors) {
    this.place = place;
    this.#actors = actors;
  }

  isAlive(): boolean {
    return this.#actors.isAlive;
  }

  ask<Answer>(
    message: ReplicaMessage | ReplicationMessage,
    timeoutMs: number,
  ): Promise<AskResult<Answer>> {
    return this.#actors.ask(
      ({ replica }, leftMs) => replica.ask<Answer>(message, { timeout_ms: leftMs }),
      timeoutMs,
      () => isRepeatable(message),
    );
  }

  async read<Answer>(message: SearcherMessage, timeoutMs: number): Promise<AskResult<Answer>> {
    this.#actors.outstanding++;
    try {
      return await this.#actors.ask(
        ({ searchers }, leftMs) => searchers.askAround<Answer>(message, leftMs),
        timeoutMs,
        () => true,
      );
    } finally {
      this.#actors.outstanding--;
    }
  }

  get outstanding(): number {
    return this.#actors.outstanding;
  }

  status(timeoutMs: number): Promise<AskResult<ShardStatus>> {
    return this.#actors.status(timeoutMs);
  }
}
