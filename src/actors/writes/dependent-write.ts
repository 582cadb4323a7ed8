/**
 * Writes that depend on what is there: updates, and writes that expect versions. Each id is a register
 * that changes by compare-and-swap (CASPaxos, see `promises.ts`): a majority promises a ballot and says
 * what it has, the write is judged on the newest of that, and what it comes to is accepted by a majority
 * under the ballot, which becomes its version. A rival in between makes one of the two begin anew.
 *
 * One row is accepted by its shard's replicas directly; several are staged and decided as a whole. What
 * is answered without writing (a conflict, a row that is not there) must stand with a majority, and is
 * written again under the ballot if it does not.
 */
import { majorityOf, neededFor } from "../../cluster/index.js";
import { idAt, idCount, pickIds } from "../replica/packed-rows.js";
import type { PreparedRows } from "../replica/replication-messages.js";
import { portionsOf } from "../replicas/portions.js";
import type { Portion } from "../replicas/portions.js";
import { usable } from "../replicas/access.js";
import { Reach } from "../replicas/reach.js";
import { afterRefusals } from "./after-refusals.js";
import { pickRows } from "./ids.js";
import { judge, needsContents } from "./judge.js";
import type { DependentWrite, Verdict } from "./judge.js";
import type { Operation } from "./operation.js";
import { Pauses } from "./pauses.js";
import { prepare } from "./promises.js";
import type { Contents, Newest, Promises } from "./promises.js";
import { insist, leaveHints, orderedWrite, sendWrite } from "./replicated-write.js";
import { checkAlive, notEnoughAlive } from "./round.js";
import { shardEnd } from "./shard-end.js";
import type { ShardAccess } from "../replicas/access.js";
import type { ShardEnd } from "./shard-end.js";
import { makeStand } from "./stand.js";
import type { WholeWrite } from "./stand.js";
import { StagedBatch, commitNothing } from "./staged-batch.js";
import { Trail } from "./trail.js";
import { nodesOf, settleMs, shardOf, unknownOutcome } from "./write-parts.js";
import type { WriteParts } from "./write-parts.js";

export interface DependentEnd {
  /** One for each shard that was written to. */
  readonly ends: readonly ShardEnd[];
  /** The last attempt's name, its version, and who was asked. */
  readonly operation_id: string;
  readonly version: string;
  readonly asked: readonly string[];
  /** 16 bytes each, in the order of the write's own. */
  readonly written: Uint8Array;
  readonly missing: Uint8Array;
}

/** The newest rows as a majority of each shard promised them to one ballot. */
interface Sight {
  readonly ballot: string;
  readonly newest: readonly Newest[];
  readonly asked: readonly string[];
}

const nothing = new Uint8Array(0);

export class DependentWriter {
  readonly #parts: WriteParts;
  readonly #operation: Operation;
  readonly #write: DependentWrite;
  readonly #single: boolean;
  readonly #trail = new Trail();
  readonly #pauses: Pauses;
  /** What was proposed under each stamp. */
  readonly #proposed = new Map<string, WholeWrite>();
  #contents: Contents;

  constructor(parts: WriteParts, operation: Operation, write: DependentWrite) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts);
    this.#operation = operation;
    this.#write = write;
    this.#single = idCount(write.ids) === 1 && !operation.batches.always;
    this.#contents = needsContents(write) ? "first" : "nobody";
  }

  /**
   * Undefined: nothing of it is or will be stored. Errors: `VERSION_CONFLICT`, `NOT_ENOUGH_REPLICAS`,
   * `STORAGE_FULL`, `TIMEOUT` when what became of it could not be learned.
   */
  async run(): Promise<DependentEnd | undefined> {
    const { clock } = this.#parts;
    const { endMs, level } = this.#operation;
    for (const { shard } of this.#portions()) {
      const access = shardOf(this.#parts, shard);
      checkAlive(access, Math.max(majorityOf(access.shard), neededFor(level, access.shard)));
    }
    const reach = new Reach(clock);
    while (clock.monotonic() < endMs) {
      const end = await this.#attempt();
      if (end) return end;
      const lost = this.#outOfReach();
      if (!reach.isLost(!lost)) {
        await this.#pauses.wait(endMs);
        continue;
      }
      if (lost && !this.#trail.isSomewhere) throw notEnoughAlive(lost, majorityOf(lost.shard));
      break;
    }
    return this.#settle();
  }

  /** A shard of which no majority is alive, if there is one. */
  #outOfReach(): ShardAccess | undefined {
    const shards = this.#portions().map(({ shard }) => shardOf(this.#parts, shard));
    return shards.find((one) => usable(one).length < majorityOf(one.shard));
  }

  async #attempt(): Promise<DependentEnd | undefined> {
    const { endMs } = this.#operation;
    const sight = await this.#look(endMs);
    if (!sight) return undefined;
    const own = this.#ownIn(sight);
    if (own) return this.#accept(sight, own, endMs);
    const verdict = judge(this.#write, sight.newest);
    switch (verdict.kind) {
      case "contents":
        this.#contents = "all";
        return this.#attempt();
      case "conflict":
        if (await this.#makeStand(sight, [verdict.index])) throw verdict.error;
        return undefined;
      case "write":
        return this.#perform(sight, verdict);
    }
  }

  async #perform(
    sight: Sight,
    { write, missing }: Extract<Verdict, { kind: "write" }>,
  ): Promise<DependentEnd | undefined> {
    if (!(await this.#makeStand(sight, missing))) return undefined;
    const absent = pickIds(this.#write.ids, missing);
    if (!write) return this.#endedWithoutRows(sight, absent);
    const end = this.#single
      ? await this.#accept(sight, write, this.#operation.endMs)
      : await this.#stage(sight, write);
    return end && { ...end, missing: absent };
  }

  /** Time is over, or no majority in reach: what was perhaps accepted is finished, or remains unknown. */
  async #settle(): Promise<DependentEnd | undefined> {
    if (!this.#trail.isSomewhere) return undefined;
    const { clock } = this.#parts;
    const endMs = clock.monotonic() + settleMs;
    const reach = new Reach(clock);
    while (clock.monotonic() < endMs && !reach.isLost(!this.#outOfReach())) {
      const sight = await this.#look(endMs);
      const own = sight && this.#ownIn(sight);
      if (sight && !own) break;
      const end = own && (await this.#accept(sight, own, endMs));
      if (end) return end;
      await this.#pauses.wait(endMs);
    }
    throw unknownOutcome();
  }

  /** Undefined when no majority of each shard would promise. Errors: `STORAGE_FULL` when none can. */
  async #look(endMs: number): Promise<Sight | undefined> {
    const ballot = this.#parts.versions.next();
    this.#trail.addBallot(ballot);
    const portions = this.#portions();
    const looks = portions.map(({ shard, positions }) => {
      const access = shardOf(this.#parts, shard);
      const ids = pickIds(this.#write.ids, positions);
      const isClear = (promises: Promises): boolean =>
        positions.every((_, index) => promises.newest(index).stands);
      const question = { ids, ballot, contents: this.#contents };
      const heard = (node: string, rows: PreparedRows): void =>
        this.#trail.hear(node, ballot, rows);
      return prepare(this.#parts, access, question, { endMs, isClear, heard });
    });
    const promises = await Promise.all(looks);
    if (promises.every(({ isMajority }) => isMajority)) {
      return this.#sightOf(ballot, portions, promises);
    }
    const full = promises.find(({ withoutRoom }) => withoutRoom)?.withoutRoom;
    if (full && !this.#trail.isSomewhere) throw full;
    for (const one of promises) await afterRefusals(this.#parts, one.shard, one.refusals);
    return undefined;
  }

  #sightOf(ballot: string, portions: readonly Portion[], promises: readonly Promises[]): Sight {
    const newest: Newest[] = [];
    portions.forEach(({ positions }, at) => {
      positions.forEach((position, index) => {
        newest[position] = (promises[at] as Promises).newest(index);
      });
    });
    if (this.#single) {
      const [only] = promises as readonly [Promises];
      this.#trail.observe(only, nodesOf(only.shard));
    }
    const asked = [...new Set(promises.flatMap(({ nodes }) => nodes))];
    return { ballot, newest, asked };
  }

  /**
   * What was proposed before, if that is what stands there now, or would have stood. Errors: `TIMEOUT`
   * when it may have been, and have been replaced since.
   */
  #ownIn({ newest }: Sight): WholeWrite | undefined {
    if (!this.#single || !this.#trail.isSomewhere) return undefined;
    const { version } = newest[0] as Newest;
    if (this.#trail.isOwn(version)) return this.#proposed.get(version);
    if (this.#trail.isLater(version) && this.#trail.mayBeSeen) throw unknownOutcome();
    return undefined;
  }

  /** Undefined when no majority took it: whether it happened the next look will tell. */
  async #accept(sight: Sight, write: WholeWrite, endMs: number): Promise<DependentEnd | undefined> {
    const { ballot } = sight;
    const [{ shard: id }] = this.#portions() as readonly [Portion];
    const shard = shardOf(this.#parts, id);
    const { epoch } = shard.shard;
    this.#proposed.set(ballot, write);
    const message = orderedWrite(this.#operation, ballot, { write, epoch });
    const round = sendWrite(this.#parts, shard, message, endMs);
    await round.until(majorityOf(shard.shard));
    this.#trail.note(ballot, round);
    if (round.done.length < majorityOf(shard.shard)) {
      round.stop();
      await afterRefusals(this.#parts, shard, round.refusals);
      return undefined;
    }
    insist(round, message);
    const end = await round.until(neededFor(this.#operation.level, shard.shard));
    void leaveHints(this.#parts, round, message);
    const status = end === "reached" ? "success" : "partial";
    return this.#ended(sight, [shardEnd(id, status, round.done)], write.ids);
  }

  async #stage(sight: Sight, write: WholeWrite): Promise<DependentEnd | undefined> {
    const { dimension } = this.#parts.access.settings;
    const name = await this.#operation.batches.next();
    const pieces = portionsOf(write.ids, shardsOf(this.#parts)).map(({ shard, positions }) => ({
      shard,
      write: pickRows(write, positions, dimension),
    }));
    const content = { version: sight.ballot, pieces };
    const batch = new StagedBatch(this.#parts, this.#operation, name, content);
    const end = await batch.run();
    if (end.kind === "committed") {
      return { ...this.#ended(sight, end.ends, write.ids), operation_id: name.id };
    }
    if (end.kind === "failed") {
      if (end.error) throw end.error;
      return undefined;
    }
    for (const { shard, refusals } of end.refusals) {
      await afterRefusals(this.#parts, shard, refusals);
    }
    return undefined;
  }

  /**
   * No row is there to be written. With a key that is a result as any other: an empty batch is committed.
   * Undefined when somebody has aborted that.
   */
  async #endedWithoutRows(sight: Sight, missing: Uint8Array): Promise<DependentEnd | undefined> {
    const ended = { ...this.#ended(sight, [], nothing), missing };
    if (!this.#operation.batches.always) return ended;
    const id = await commitNothing(this.#parts, this.#operation);
    return id === undefined ? undefined : { ...ended, operation_id: id };
  }

  /** Whether a majority has the newest of these ids now. */
  async #makeStand({ ballot, newest }: Sight, positions: readonly number[]): Promise<boolean> {
    const seen = positions.map((position) => ({
      id: idAt(this.#write.ids, position),
      newest: newest[position] as Newest,
    }));
    const end = await makeStand(this.#parts, this.#operation, ballot, seen);
    if (end === "contents") this.#contents = "all";
    return end === "yes";
  }

  #ended({ ballot, asked }: Sight, ends: readonly ShardEnd[], written: Uint8Array): DependentEnd {
    const { id } = this.#operation;
    return { ends, operation_id: id, version: ballot, asked, written, missing: nothing };
  }

  #portions(): readonly Portion[] {
    return portionsOf(this.#write.ids, shardsOf(this.#parts));
  }
}

function shardsOf({ access }: WriteParts) {
  return access.shards().map(({ shard }) => shard);
}
