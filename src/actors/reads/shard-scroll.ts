/** A page of one shard in the order of ids, at a level. */
import { packUuids } from "../../base/index.js";
import type { NormalScroll, RawRow } from "../../protocol/index.js";
import type { ShardAccess } from "../replicas/access.js";
import { unpackRows } from "../searcher/replica-answer.js";
import type { ReplicaPage } from "../searcher/replica-answer.js";
import { makeCursor } from "../searcher/scroll-cursor.js";
import { askReplicas } from "./ask-replicas.js";
import type { Answered } from "./ask-replicas.js";
import { RowJudge } from "./judge-rows.js";
import { repeatsMax } from "./read-parts.js";
import type { ReadRun } from "./read-parts.js";
import { StaleBook } from "./stale-book.js";

export interface ShardPage {
  /** Ascending ids. */
  readonly rows: readonly RawRow[];
  /** Whether there may be rows after these. */
  readonly more: boolean;
}

/** `limit` rows, or all that are left. */
export async function scrollShard(
  run: ReadRun,
  shard: ShardAccess,
  request: NormalScroll,
): Promise<ShardPage> {
  const rows: RawRow[] = [];
  let { cursor } = request;
  for (;;) {
    const limit = request.limit - rows.length;
    const page = await onePage(run, shard, { ...request, limit, cursor });
    rows.push(...page.rows);
    if (page.end === undefined || rows.length >= request.limit) {
      return { rows, more: page.end !== undefined };
    }
    cursor = cursorAfter(page.end);
  }
}

interface WholePage {
  readonly rows: readonly RawRow[];
  /** The last id up to which it is whole; undefined when nothing comes after it. */
  readonly end: string | undefined;
}

async function onePage(
  run: ReadRun,
  shard: ShardAccess,
  request: NormalScroll,
  repeats = 0,
): Promise<WholePage> {
  const answers = await askReplicas<ReplicaPage>(run, shard, {
    type: "read_raw",
    request,
  });
  const end = endOf(answers);
  const lists = answers.map(({ replica, answer }) => {
    const rows = unpackRows(answer.rows);
    return { replica, rows: end === undefined ? rows : rows.filter(({ id }) => id <= end) };
  });
  const [only] = lists;
  if (only && lists.length === 1) return { rows: only.rows, end };
  const stale = new StaleBook();
  const judge = new RowJudge(run, shard, stale, lists);
  const rows = await judge.first(Infinity, byId);
  stale.tell(shard.shard.id, run.parts);
  if (judge.isOvertaken && repeats < repeatsMax) return onePage(run, shard, request, repeats + 1);
  return { rows, end };
}

export function byId(a: RawRow, b: RawRow): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function cursorAfter(id: string): string {
  return makeCursor(packUuids([id]));
}

/** Up to where all replicas have said what they have. */
function endOf(answers: readonly Answered<ReplicaPage>[]): string | undefined {
  const ends = answers.flatMap(({ answer }) => (answer.more ? (answer.rows.ids.at(-1) ?? []) : []));
  return ends.reduce<string | undefined>(
    (first, id) => (first === undefined || id < first ? id : first),
    undefined,
  );
}
