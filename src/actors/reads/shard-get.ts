/** Rows of one shard by their ids, at a level. */
import type { NormalGet, RawRow } from "../../protocol/index.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import { unpackRows } from "../searcher/replica-answer.js";
import type { ReplicaRows } from "../searcher/replica-answer.js";
import { askReplicas } from "./ask-replicas.js";
import type { ReadRun } from "./read-parts.js";
import { StaleBook } from "./stale-book.js";

/** What one replica has of an id. */
interface Holding {
  readonly version: string;
  readonly row: RawRow | undefined;
}

/** Those that are there. */
export async function getFromShard(
  run: ReadRun,
  shard: ShardAccess,
  request: NormalGet,
): Promise<RawRow[]> {
  const answers = await askReplicas<ReplicaRows>(run, shard, {
    type: "read_raw",
    request,
  });
  const holdings = answers.map(({ replica, answer }) => ({ replica, held: holdingsOf(answer) }));
  const stale = new StaleBook();
  const rows = request.ids.flatMap((id) => newest(id, holdings, stale) ?? []);
  stale.tell(shard.shard.id, run.parts);
  return rows;
}

function holdingsOf({ rows, missing_ids, deleted }: ReplicaRows): ReadonlyMap<string, Holding> {
  const held = new Map<string, Holding>();
  for (const row of unpackRows(rows)) held.set(row.id, { version: row.version, row });
  missing_ids.forEach((id, index) =>
    held.set(id, { version: deleted[index] ?? "", row: undefined }),
  );
  return held;
}

function newest(
  id: string,
  holdings: readonly { replica: ReplicaAccess; held: ReadonlyMap<string, Holding> }[],
  stale: StaleBook,
): RawRow | undefined {
  let best: Holding = { version: "", row: undefined };
  for (const { held } of holdings) {
    const one = held.get(id);
    if (one && one.version > best.version) best = one;
  }
  for (const { replica, held } of holdings) {
    if ((held.get(id)?.version ?? "") < best.version) stale.note(replica, id);
  }
  return best.row;
}
