/**
 * Which rows stand that several replicas of a shard returned, in which version: the largest version of
 * an id wins. A row that some replica did not return may be deleted or newer there, so that one is
 * asked for the versions of what it left out. A newer one that lives there does not match what was asked for, or
 * came after that replica had answered: the rows were overtaken, and are worth reading again. For a replica that
 * cannot say it any more another one is asked, so that as many as the level needs have spoken of each row.
 */
import { packUuids, present } from "../../base/index.js";
import type { RawRow } from "../../protocol/index.js";
import { answerOf } from "../../runtime/index.js";
import type { AskResult } from "../../runtime/index.js";
import { usable } from "../replicas/access.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { VersionedRows } from "../replica/replication-messages.js";
import { marginMs } from "./ask-replicas.js";
import type { ReadRun } from "./read-parts.js";
import type { StaleBook } from "./stale-book.js";

/** What one replica returned. */
export interface ReturnedRows {
  readonly replica: ReplicaAccess;
  readonly rows: readonly RawRow[];
}

export class RowJudge {
  readonly #run: ReadRun;
  readonly #stale: StaleBook;
  readonly #returned: readonly { replica: ReplicaAccess; rows: ReadonlyMap<string, RawRow> }[];
  readonly #newest = new Map<string, RawRow>();
  readonly #judged = new Set<string>();
  readonly #out = new Set<string>();
  /** Replicas that were not asked for the read; each stands in for one at most. */
  readonly #spare: ReplicaAccess[];
  readonly #inPlaceOf = new Map<ReplicaAccess, ReplicaAccess>();
  #isOvertaken = false;

  constructor(
    run: ReadRun,
    shard: ShardAccess,
    stale: StaleBook,
    returned: readonly ReturnedRows[],
  ) {
    this.#run = run;
    const nodes = new Set(returned.map(({ replica }) => replica.place.node));
    this.#spare = usable(shard).filter(({ place }) => !nodes.has(place.node));
    this.#stale = stale;
    this.#returned = returned.map(({ replica, rows }) => {
      return { replica, rows: new Map(rows.map((row) => [row.id, row])) };
    });
    for (const { rows } of returned) for (const row of rows) this.#see(row);
    for (const { replica, rows } of this.#returned) this.#noteOlder(replica, rows);
  }

  /** Whether a row was left out for a newer one that no replica returned. */
  get isOvertaken(): boolean {
    return this.#isOvertaken;
  }

  /**
   * The first `wanted` rows that stand, in the order of `compare`. Errors: that of a replica that could not
   * be asked, when no other could take its place.
   */
  async first(wanted: number, compare: (a: RawRow, b: RawRow) => number): Promise<RawRow[]> {
    const sorted = [...this.#newest.values()].sort(compare);
    for (;;) {
      const page = sorted.filter(({ id }) => !this.#out.has(id)).slice(0, wanted);
      const unjudged = page.filter(({ id }) => !this.#judged.has(id));
      if (unjudged.length === 0) return page;
      await this.#judge(unjudged);
    }
  }

  #see(row: RawRow): void {
    const known = this.#newest.get(row.id);
    if (!known || known.version < row.version) this.#newest.set(row.id, row);
  }

  #noteOlder(replica: ReplicaAccess, rows: ReadonlyMap<string, RawRow>): void {
    for (const { id, version } of rows.values()) {
      if (version < present(this.#newest.get(id), "the newest").version) {
        this.#stale.note(replica, id);
      }
    }
  }

  async #judge(candidates: readonly RawRow[]): Promise<void> {
    const checks = this.#returned.map(async ({ replica, rows }) => {
      const left = candidates.filter(({ id }) => !rows.has(id));
      if (left.length === 0) return;
      const { from, held } = await this.#held(replica, left);
      this.#compare(from, left, held);
    });
    await Promise.all(checks);
    for (const { id } of candidates) this.#judged.add(id);
  }

  /** What a replica that left rows out has of them, or else one in its place. */
  async #held(replica: ReplicaAccess, rows: readonly RawRow[]) {
    const ids = packUuids(rows.map(({ id }) => id));
    let from: ReplicaAccess | undefined = this.#inPlaceOf.get(replica) ?? replica;
    let failure: AskResult<VersionedRows> = { outcome: "gone" };
    for (; from; from = this.#spare.shift()) {
      const result = await this.#ask(from, ids);
      if (result.outcome === "ok") {
        this.#inPlaceOf.set(replica, from);
        return { from, held: result.value };
      }
      failure = result;
    }
    return { from: replica, held: answerOf<VersionedRows>(failure, "a replica") };
  }

  #ask(replica: ReplicaAccess, ids: Uint8Array): Promise<AskResult<VersionedRows>> {
    this.#run.noteAsked(replica);
    const message = { type: "rows", ids, contents: false } as const;
    return replica.read<VersionedRows>(message, this.#run.leftMs + marginMs);
  }

  #compare(replica: ReplicaAccess, rows: readonly RawRow[], there: VersionedRows): void {
    rows.forEach(({ id, version }, index) => {
      const other = there.versions[index] ?? "";
      if (other < version) this.#stale.note(replica, id);
      if (other <= version) return;
      this.#out.add(id);
      this.#isOvertaken ||= there.live[index] === 1;
      for (const one of this.#returned) if (one.rows.has(id)) this.#stale.note(one.replica, id);
    });
  }
}
