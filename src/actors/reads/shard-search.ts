/** The nearest rows of one shard, at a level. */
import type { NormalSearch, RawRow } from "../../protocol/index.js";
import type { ReplicaHits } from "../searcher/replica-answer.js";
import { unpackRows } from "../searcher/replica-answer.js";
import type { ShardAccess } from "../replicas/access.js";
import { askReplicas } from "./ask-replicas.js";
import { RowJudge } from "./judge-rows.js";
import type { ReturnedRows } from "./judge-rows.js";
import { repeatsMax } from "./read-parts.js";
import type { ReadRun } from "./read-parts.js";
import { StaleBook } from "./stale-book.js";

export interface ShardHits {
  readonly shard: number;
  /** Nearest first. */
  readonly rows: readonly RawRow[];
  readonly exact: boolean;
  readonly plan: ReplicaHits["plan"];
}

/** Rows asked for beyond those wanted, once some that were found did not stand. */
const slackRows = 8;

/**
 * The `offset + top_k` nearest. What lies beyond the last row that some replica returned is not known
 * of it, so when rows that did not stand leave the page short of that, more are asked for.
 */
export async function searchShard(
  run: ReadRun,
  shard: ShardAccess,
  request: NormalSearch,
): Promise<ShardHits> {
  const wanted = request.offset + request.top_k;
  let top_k = wanted;
  for (let repeats = 0; ;) {
    const answers = await askReplicas<ReplicaHits>(run, shard, {
      type: "read_raw",
      request: { ...request, offset: 0, top_k },
    });
    const exact = answers.every(({ answer }) => answer.exact);
    const facts = { shard: shard.shard.id, exact, plan: answers[0]?.answer.plan };
    const lists = answers.map(({ replica, answer }) => ({
      replica,
      rows: unpackRows(answer.rows),
    }));
    const [only] = lists;
    if (only && lists.length === 1) return { ...facts, rows: only.rows };
    const stale = new StaleBook();
    const judge = new RowJudge(run, shard, stale, lists);
    const rows = await judge.first(wanted, nearerFirst);
    stale.tell(shard.shard.id, run.parts);
    if (judge.isOvertaken && repeats++ < repeatsMax) continue;
    if (isCertain(rows, lists, wanted, top_k)) return { ...facts, rows };
    top_k = 2 * top_k + slackRows;
  }
}

export function nearerFirst(a: RawRow, b: RawRow): number {
  return (a.distance ?? 0) - (b.distance ?? 0) || (a.id < b.id ? -1 : 1);
}

/** Whether no replica can have a row that it did not return and that belongs among these. */
function isCertain(
  rows: readonly RawRow[],
  lists: readonly ReturnedRows[],
  wanted: number,
  asked: number,
): boolean {
  const last = rows.length < wanted ? Infinity : (rows.at(-1)?.distance ?? 0);
  return lists.every((list) => {
    const isWhole = list.rows.length < asked;
    return isWhole || last <= (list.rows.at(-1)?.distance ?? 0);
  });
}
