/**
 * The hints of a node: taken from its coordinators, kept by an actor, and given to each other node as
 * soon as that is alive.
 */
import type { Clock, Timer } from "../../base/index.js";
import { versionTime } from "../../consistency/index.js";
import { answerOf } from "../../runtime/index.js";
import type { ActorRef } from "../../runtime/index.js";
import type { ShardAccess } from "../replicas/access.js";
import type { Hints } from "../writes/hints.js";
import type { Hint, HintBatch, HintsMessage } from "./hint-messages.js";
import { LossCount } from "./loss-count.js";
import { HintQueue } from "./hint-queue.js";
import { replayHints } from "./hint-replay.js";
import type { RepairLimits } from "./limits.js";
import type { EmitRepair } from "./repair-log.js";

export interface NodeHintsParts {
  readonly clock: Clock;
  readonly limits: RepairLimits;
  readonly keeper: ActorRef<HintsMessage>;
  readonly isAlive: (node: string) => boolean;
  /** No shard has a replica there: its hints are of no use to anybody, whether it comes back or not. */
  readonly holdsNothing: (node: string) => boolean;
  readonly shardOf: (hint: Pick<Hint, "collection" | "uid" | "shard">) => ShardAccess | undefined;
  readonly emit: EmitRepair;
}

const lookMs = 1000;

/** Of the actor that keeps them. */
export const hintsModule = new URL("./hint-actor.js", import.meta.url).href;

export class NodeHints {
  readonly #parts: NodeHintsParts;
  readonly #queue: HintQueue;
  /** Nodes that hints are kept for, as far as is known. */
  readonly #waiting = new Set<string>();
  readonly #replaying = new Map<string, Promise<void>>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: NodeHintsParts) {
    this.#parts = parts;
    const lost = new LossCount(parts.clock, (hints) => parts.emit({ type: "hints_lost", hints }));
    this.#queue = new HintQueue({
      keeper: parts.keeper,
      onLost: (hints) => lost.add(hints),
      onKept: (node) => void this.#waiting.add(node),
    });
  }

  /** Goes on with what an earlier life of the node has left. */
  async start(): Promise<void> {
    this.#schedule();
    for (const node of await this.#ask<readonly string[]>({ type: "nodes" })) {
      this.#waiting.add(node);
    }
  }

  of(collection: string, uid: string): Hints {
    return {
      missed: (node, shard, message) => {
        const time_ms = versionTime(message.version);
        this.#queue.push({ node, time_ms, collection, uid, shard, message });
      },
    };
  }

  /** Call when a node may be back. */
  look(): void {
    const { isAlive, holdsNothing } = this.#parts;
    for (const node of this.#waiting) {
      if (this.#isStopped || this.#replaying.has(node)) continue;
      if (!isAlive(node) && !holdsNothing(node)) continue;
      const replay = this.#replay(node).finally(() => this.#replaying.delete(node));
      this.#replaying.set(node, replay);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await Promise.all(this.#replaying.values());
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.after(lookMs, () => {
      this.look();
      this.#schedule();
    });
  }

  async #replay(node: string): Promise<void> {
    const { clock, limits, shardOf, emit } = this.#parts;
    this.#waiting.delete(node);
    try {
      const { replayed, dropped, isDone } = await replayHints({
        ...{ node, clock, limits, shardOf },
        next: (bytes_max) => this.#next(node, bytes_max),
        confirmed: (sequence) => this.#ask({ type: "confirmed", node, sequence }),
      });
      if (!isDone) this.#waiting.add(node);
      if (replayed + dropped > 0) emit({ type: "hints_replayed", node, replayed, dropped });
    } catch {
      // The keeper is starting anew, or the node is stopping: the next look goes on.
      this.#waiting.add(node);
    }
  }

  #next(node: string, bytes_max: number): Promise<HintBatch> {
    if (this.#isStopped) return Promise.resolve({ hints: [], sequences: [], lost: 0 });
    return this.#ask({ type: "next", node, bytes_max });
  }

  async #ask<Answer>(message: HintsMessage): Promise<Answer> {
    const { keeper, limits } = this.#parts;
    const result = await keeper.ask<Answer>(message, { timeout_ms: limits.askMs });
    return answerOf(result, "the keeper of hints");
  }
}
