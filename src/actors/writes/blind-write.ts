/**
 * Writes that need to know nothing of what is there: inserts, and deletes by ids, in one shard. They go
 * to all replicas at once, and are there when as many as the level asks for have them; the larger version
 * wins everywhere.
 *
 * A replica that has, or has promised, something larger refuses: the clock of this node is behind, and
 * the write must not pass for an older one. It is stamped again. If no replica took the older stamp that
 * is all; otherwise a majority first promises a new ballot, and says what it has (see `Trail`).
 */
import { hashOfId, majorityOf, neededFor } from "../../cluster/index.js";
import type {
  PackedDelete,
  PackedInsert,
  WriteMessage,
  WriteOutcome,
} from "../replica/messages.js";
import { idAt } from "../replica/packed-rows.js";
import type { PreparedRows } from "../replica/replication-messages.js";
import type { ShardAccess } from "../replicas/access.js";
import { usable } from "../replicas/access.js";
import { Reach } from "../replicas/reach.js";
import { afterRefusals } from "./after-refusals.js";
import { insist, leaveHints, orderedWrite, sendWrite } from "./replicated-write.js";
import { Pauses } from "./pauses.js";
import { prepare } from "./promises.js";
import { checkAlive, notEnoughAlive } from "./round.js";
import type { Round, RoundEnd } from "./round.js";
import { settle } from "./settle.js";
import { shardEnd } from "./shard-end.js";
import type { ShardEnd } from "./shard-end.js";
import { Trail } from "./trail.js";
import { ShardWasSplit, nodesOf, shardOf, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";
import type { Operation } from "./operation.js";

export type BlindPacked = PackedInsert | (PackedDelete & { readonly ids: Uint8Array });

/**
 * How long the others are waited for once one has refused. Of those that have not answered by then it must be
 * feared that they have the write, and that somebody acted on it: that ends in `TIMEOUT`, outcome unknown.
 */
const graceMs = 300;

export class BlindWrite {
  readonly #parts: WriteParts;
  readonly #operation: Operation;
  readonly #write: BlindPacked;
  readonly #shardId: number;
  readonly #trail = new Trail();

  constructor(parts: WriteParts, operation: Operation, write: BlindPacked, shard: number) {
    this.#parts = parts;
    this.#operation = operation;
    this.#write = write;
    this.#shardId = shard;
  }

  /**
   * Undefined: nothing of it is or will be stored; `moved`: nothing is, and its shard was split meanwhile.
   * Errors: `NOT_ENOUGH_REPLICAS` and a refusal by so many replicas (nothing is stored), `TIMEOUT` when what
   * became of it could not be learned.
   */
  async run(): Promise<ShardEnd | "moved" | undefined> {
    try {
      return await this.#run();
    } catch (error) {
      if (!(error instanceof ShardWasSplit)) throw error;
      // What some replica took all of them had when the shard was split, and remember since. But one may have
      // taken it by a stamp that others had gone beyond: only so many as the level asks make it a success.
      const end = this.#trail.isSomewhere && (await this.#settle());
      return end || "moved";
    }
  }

  /** Who holds its first row by now knows what became of it. */
  #settle(): Promise<ShardEnd | undefined> {
    return settle(this.#parts, this.#operation, hashOfId(idAt(this.#write.ids, 0)));
  }

  async #run(): Promise<ShardEnd | undefined> {
    checkAlive(this.#shard(), this.#needed());
    let version = this.#parts.versions.next();
    for (;;) {
      const { round, message } = this.#send(version);
      const end = await this.#reach(round, message);
      this.#trail.note(version, round);
      if (end !== "refused") return this.#end(round, message, end);
      round.stop();
      const behind = await afterRefusals(this.#parts, round.shard, round.refusals);
      if (!behind) continue;
      const next = this.#trail.isSomewhere ? await this.#outbid() : this.#parts.versions.next();
      if (next === undefined) return this.#end(round, message, "late");
      version = next;
    }
  }

  #send(version: string) {
    const shard = this.#shard();
    const message = orderedWrite(this.#operation, version, {
      write: this.#write,
      epoch: shard.shard.epoch,
    });
    return { round: sendWrite(this.#parts, shard, message, this.#operation.endMs), message };
  }

  /** With a majority it stands, and those who refused it take it as late. */
  async #reach(round: Round<WriteOutcome>, message: WriteMessage) {
    const { shard } = round.shard;
    const needed = neededFor(this.#operation.level, shard);
    const end = await round.until(needed, graceMs);
    if (end !== "refused" || round.done.length < majorityOf(shard)) return end;
    insist(round, message);
    return round.until(needed);
  }

  async #end(
    round: Round<WriteOutcome>,
    message: WriteMessage,
    end: Exclude<RoundEnd, "refused">,
  ): Promise<ShardEnd | undefined> {
    const { done } = round;
    if (done.length > 0) {
      void leaveHints(this.#parts, round, message);
      return shardEnd(this.#shardId, end === "reached" ? "success" : "partial", done);
    }
    round.stop();
    if (this.#trail.isSomewhere) return this.#settle();
    if (round.failure) throw round.failure;
    if (end === "out_of_reach") throw notEnoughAlive(round.shard, this.#needed());
    return undefined;
  }

  #needed(): number {
    return neededFor(this.#operation.level, this.#shard().shard);
  }

  /**
   * A ballot above all that a majority has seen, under which the write may go again; undefined when
   * its time is over, or no majority in reach. Errors: `TIMEOUT` when somebody may have acted on an earlier stamp of it.
   */
  async #outbid(): Promise<string | undefined> {
    const { clock, versions } = this.#parts;
    const { endMs } = this.#operation;
    const reach = new Reach(clock);
    const pauses = new Pauses(this.#parts);
    while (clock.monotonic() < endMs) {
      const shard = this.#shard();
      if (reach.isLost(usable(shard).length >= majorityOf(shard.shard))) return undefined;
      const ballot = versions.next();
      this.#trail.addBallot(ballot);
      const question = { ids: this.#write.ids, ballot, contents: "nobody" } as const;
      const isClear = (): boolean => false;
      const heard = (node: string, rows: PreparedRows): void =>
        this.#trail.hear(node, ballot, rows);
      const promises = await prepare(this.#parts, shard, question, { endMs, isClear, heard });
      if (promises.isMajority) {
        this.#trail.observe(promises, nodesOf(shard));
        if (this.#trail.mayBeSeen && this.#isOvertaken(promises)) throw unknownOutcome();
        return ballot;
      }
      await afterRefusals(this.#parts, shard, promises.refusals);
      await pauses.wait(endMs);
    }
    return undefined;
  }

  #isOvertaken(promises: Awaited<ReturnType<typeof prepare>>): boolean {
    const count = this.#write.ids.length / 16;
    for (let index = 0; index < count; index++) {
      if (this.#trail.isLater(promises.newest(index).version)) return true;
    }
    return false;
  }

  #shard(): ShardAccess {
    return shardOf(this.#parts, this.#shardId);
  }
}
