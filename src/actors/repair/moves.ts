/**
 * Moves replicas to where they are wanted, when nodes come and go: whatever changes in the map or in
 * who is alive is looked at by the node with the smallest id of those alive, which makes one change at
 * a time. Should two believe to be that node, each change still happens once: it names the map that it
 * was decided from.
 */
import { DvespError, toDvespError } from "../../base/index.js";
import { isSplitting } from "../../cluster/index.js";
import type { ClusterView } from "../../cluster/index.js";
import { observe, reconcile } from "../../supervisors/index.js";
import type { CollectionAccess } from "../replicas/access.js";
import { decideMove, isMoving, withJoining, without } from "./decide-move.js";
import type { Move } from "./decide-move.js";
import { handOver } from "./handover.js";
import { loggedSync } from "./logged-sync.js";
import type { LoggedSyncParts } from "./logged-sync.js";
import { ReplicaQuestions } from "./replica-questions.js";

export type AccessOf = (
  collection: string,
) => Pick<CollectionAccess, "settings" | "shards"> | undefined;

export interface MovesParts extends LoggedSyncParts {
  readonly view: ClusterView;
  /** Nodes that may be given a replica. */
  readonly places: () => readonly string[];
  /** Undefined while the collection is not open here. */
  readonly access: AccessOf;
}

/** Shards of which a replica is being moved at a time. */
const movingMax = 2;
const settleMs = 500;
const restMs = 100;
const lookMs = 2000;

export class Moves {
  readonly #parts: MovesParts;
  #end: (() => void) | undefined;
  #isStopped = false;

  constructor(parts: MovesParts) {
    this.#parts = parts;
  }

  start(): void {
    const { view, clock, places } = this.#parts;
    this.#end = reconcile<Move>({
      changes$: observe<undefined>((subscriber) => {
        subscriber.next(undefined);
        return view.onChange(() => subscriber.next(undefined));
      }),
      ...{ clock, settleMs, restMs, lookMs },
      decide: () => nextMove(view, places()),
      perform: (move) => this.#perform(move),
      onFailure: (move, error) => this.#say("move_failed", move, { error: plain(error) }),
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#end?.();
  }

  async #perform(move: Move): Promise<void> {
    const { view } = this.#parts;
    const { collection, shard, node } = move;
    switch (move.type) {
      case "add":
        await view.changeShard(collection, shard, (now) => withJoining(now, node));
        break;
      case "withdraw":
        await view.changeShard(collection, shard, (now) =>
          now.replicas.some((one) => one.node === node && one.state === "joining")
            ? without(now, node, now.epoch)
            : undefined,
        );
        break;
      case "retire":
        await this.#retire(move);
        break;
    }
    this.#say(`replica_${past[move.type]}`, move, {});
  }

  /** Errors: `NOT_ENOUGH_REPLICAS` when the others cannot take over now, and those of the replicas. */
  async #retire({ collection, shard, node }: Move): Promise<void> {
    const { view, clock, limits, access: accessOf } = this.#parts;
    const access = accessOf(collection);
    const there = access?.shards().find((one) => one.shard.id === shard);
    if (!access || !there) return;
    const { dimension } = access.settings;
    const isStopped = (): boolean => this.#isStopped;
    const subject = { collection, shard, dimension, isStopped, kind: "handover" as const };
    const isDone = await handOver(
      {
        clock,
        changeShard: (change) => view.changeShard(collection, shard, change),
        questions: (one) => new ReplicaQuestions(one, limits.askMs),
        sync: (a, b) => loggedSync(this.#parts, subject, [a, b]),
      },
      there,
      node,
    );
    if (!isDone) throw new DvespError("NOT_ENOUGH_REPLICAS", "the other replicas cannot take over");
  }

  #say(type: string, { collection, shard, node }: Move, details: object): void {
    if (!this.#isStopped) this.#parts.emit({ type, collection, shard, node, ...details });
  }
}

const past = { add: "added", withdraw: "withdrawn", retire: "retired" } as const;

/** What this node is to do next; undefined also when it is for another one to do. */
function nextMove(view: ClusterView, places: readonly string[]): Move | undefined {
  const alive = view.nodes().filter(({ id }) => view.isAlive(id));
  if (alive.some(({ id }) => id < view.self)) return undefined;
  const isAlive = (node: string): boolean => view.isAlive(node);
  const all = view.collections().flatMap(({ settings, shards }) =>
    shards.flatMap((shard) => {
      const { collection, replication_factor } = settings;
      // Who splits it gives up first.
      if (isSplitting(shard)) return [];
      return { collection, replication_factor, shard, places, isAlive };
    }),
  );
  const moving = all.filter((one) => isMoving(one.shard, one.replication_factor)).length;
  const moves = all.flatMap((one) => decideMove(one) ?? []);
  return moves.find(({ type }) => type !== "add" || moving < movingMax);
}

function plain(error: unknown): object {
  return toDvespError(error).toPlain();
}
