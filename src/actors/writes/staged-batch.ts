/**
 * Writes to several shards, or of several rows that depend on what was there, that happen as a whole or
 * not at all, whoever dies: staged first with a majority of every shard, then decided by one register,
 * then done.
 *
 * The register is the moment at which the batch happens. Only who staged it proposes to commit, and only
 * when every shard has it safely; anybody else proposes to abort. A replica acts on the register's word
 * alone, so all of them do the same, and what a majority staged no majority can miss.
 */
import { present } from "../../base/index.js";
import type { DvespError } from "../../base/index.js";
import { majorityOf, neededFor } from "../../cluster/index.js";
import type { WriteMessage, WriteOutcome } from "../replica/messages.js";
import type {
  DecideReply,
  Refusal,
  ReplicationMessage,
  StageReply,
} from "../replica/replication-messages.js";
import type { ShardAccess } from "../replicas/access.js";
import { proposal, readDecision } from "./decision.js";
import { decideRegister } from "./registers.js";
import type { NamedWrite } from "./ids.js";
import { lateWrite, leaveHints, orderedWrite, unlessCut } from "./replicated-write.js";
import { Round, notEnoughAlive } from "./round.js";
import { shardEnd } from "./shard-end.js";
import type { ShardEnd } from "./shard-end.js";
import { settle } from "./settle.js";
import { ShardWasSplit, settleMs, shardOf, unknownOutcome, wasSplit } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";
import type { BatchName, Operation } from "./operation.js";

/** Whole rows, or tombstones, for one shard. */
export interface Piece {
  readonly shard: number;
  readonly write: Exclude<NamedWrite, { kind: "update" }>;
}

export type BatchEnd =
  | { readonly kind: "committed"; readonly ends: readonly ShardEnd[] }
  /** Nothing of it happened; it may be tried again under another name. */
  | { readonly kind: "refused"; readonly refusals: readonly ShardRefusals[] }
  | { readonly kind: "failed"; readonly error: DvespError | undefined };

export interface ShardRefusals {
  readonly shard: ShardAccess;
  readonly refusals: readonly Refusal[];
}

type StageAnswer = Exclude<StageReply, Refusal>;

/** How long replicas are told of the decision at least. */
const tellMs = 1000;
const abortMs = 1000;

export class StagedBatch {
  readonly #parts: WriteParts;
  readonly #operation: Operation;
  readonly #version: string;
  readonly #pieces: readonly Piece[];
  readonly #home: number;

  constructor(
    parts: WriteParts,
    operation: Operation,
    { id, home }: BatchName,
    { version, pieces }: { readonly version: string; readonly pieces: readonly Piece[] },
  ) {
    this.#parts = parts;
    this.#operation = { ...operation, id };
    this.#version = version;
    this.#pieces = pieces;
    this.#home = home ?? Math.min(...this.#places());
  }

  /** Errors: `TIMEOUT` when what became of it could not be learned. */
  async run(): Promise<BatchEnd> {
    const rounds = this.#pieces.map((piece) => this.#stage(piece));
    const ends = await Promise.all(
      rounds.map((round) => round.until(majorityOf(round.shard.shard))),
    );
    for (const round of rounds) round.stop();
    if (!ends.every((end) => end === "reached")) {
      const lost = rounds[ends.indexOf("out_of_reach")]?.shard;
      return this.#abort(rounds, lost && notEnoughAlive(lost, majorityOf(lost.shard)));
    }
    const commit = { kind: "commit", places: rounds.map((one) => one.shard.shard.from) } as const;
    const decided = await decideRegister(this.#parts, {
      ...proposal(this.#operation.id, this.#home, commit),
      endMs: this.#operation.endMs + settleMs,
      sole: true,
    });
    if (readDecision(decided).kind === "abort") return this.#abort(rounds);
    return { kind: "committed", ends: await this.#commit(rounds) };
  }

  #places(): number[] {
    return this.#pieces.map(({ shard }) => shardOf(this.#parts, shard).shard.from);
  }

  #stage({ shard, write }: Piece): Round<StageAnswer> {
    const { id, remember_ms, endMs } = this.#operation;
    const access = shardOf(this.#parts, shard);
    const message: ReplicationMessage = {
      type: "stage",
      epoch: access.shard.epoch,
      operation_id: id,
      version: this.#version,
      home: this.#home,
      remember_ms,
      write,
    };
    const send = unlessCut<StageAnswer>(access, (one, timeoutMs) => one.ask(message, timeoutMs));
    return new Round(this.#parts, access, send, endMs);
  }

  /** Nobody else proposes to commit: without that the batch can only be aborted, sooner or later. */
  #abort(rounds: readonly Round<StageAnswer>[], error?: DvespError): BatchEnd {
    const message = { type: "decide", operation_id: this.#operation.id, commit: false } as const;
    for (const { shard } of rounds) {
      for (const replica of shard.replicas) void replica.ask(message, abortMs);
    }
    const refusals = rounds.map((round) => ({ shard: round.shard, refusals: round.refusals }));
    if (refusals.some((one) => one.refusals.length > 0)) return { kind: "refused", refusals };
    return { kind: "failed", error: rounds.find(({ failure }) => failure)?.failure ?? error };
  }

  #commit(rounds: readonly Round<StageAnswer>[]): Promise<ShardEnd[]> {
    return Promise.all(
      this.#pieces.map((piece, index) => this.#tell(piece, rounds[index] as Round<StageAnswer>)),
    );
  }

  async #tell(piece: Piece, staged: Round<StageAnswer>): Promise<ShardEnd> {
    try {
      return await this.#tellShard(piece, staged);
    } catch (error) {
      if (!(error instanceof ShardWasSplit)) throw error;
      // It was split when nothing was staged there any more: all of it is done.
      const end = await settle(this.#parts, this.#operation, staged.shard.shard.from, true);
      if (end) return end;
      throw unknownOutcome();
    }
  }

  /**
   * Those who staged it are told to do it; the others get the rows, by a newer map if they know one. Errors:
   * `ShardWasSplit`.
   */
  async #tellShard({ shard, write }: Piece, staged: Round<StageAnswer>): Promise<ShardEnd> {
    const { clock } = this.#parts;
    const endMs = Math.max(this.#operation.endMs, clock.monotonic() + tellMs);
    for (;;) {
      const access = shardOf(this.#parts, shard);
      const { epoch } = access.shard;
      const message = orderedWrite(this.#operation, this.#version, { write, epoch });
      const round = this.#sendDecision(access, lateWrite(message, epoch), staged, endMs);
      const needed = Math.max(
        majorityOf(access.shard),
        neededFor(this.#operation.level, access.shard),
      );
      const end = await round.until(needed);
      if (end === "refused" && isStale(round) && clock.monotonic() < endMs) {
        round.stop();
        await this.#parts.access.newer(shard, epoch);
        continue;
      }
      if (end !== "reached" && wasSplit(this.#parts, shard)) throw new ShardWasSplit();
      void leaveHints(this.#parts, round, message);
      return shardEnd(shard, end === "reached" ? "success" : "partial", round.done);
    }
  }

  #sendDecision(
    access: ShardAccess,
    late: WriteMessage,
    staged: Round<StageAnswer>,
    endMs: number,
  ): Round<WriteOutcome> {
    const decide = { type: "decide", operation_id: late.operation_id, commit: true } as const;
    const lack = new Set(
      staged.deliveries
        .filter(({ state, maybe }) => state.kind !== "done" && !maybe)
        .map(({ replica }) => replica.place.node),
    );
    return new Round<WriteOutcome>(
      this.#parts,
      access,
      async (replica, timeoutMs) => {
        if (lack.has(replica.place.node)) return replica.ask(late, timeoutMs);
        const end = await replica.ask<DecideReply>(decide, timeoutMs);
        if (end.outcome !== "ok") return end;
        const { value } = end;
        return "version" in value ? { outcome: "ok", value } : replica.ask(late, timeoutMs);
      },
      endMs,
    );
  }
}

function isStale({ refusals }: Round<WriteOutcome>): boolean {
  return refusals.some(({ refused }) => refused === "stale");
}

/** Has the next batch of a key stand for "nothing was there to be written": its name, undefined when it was aborted. */
export async function commitNothing(
  parts: WriteParts,
  { batches, endMs }: Operation,
): Promise<string | undefined> {
  const { id, home } = await batches.next();
  const commit = proposal(id, present(home, "a key's shard"), { kind: "commit", places: [] });
  const question = { ...commit, endMs: endMs + settleMs, sole: true };
  const decided = readDecision(await decideRegister(parts, question));
  return decided.kind === "commit" ? id : undefined;
}
