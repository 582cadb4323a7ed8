/**
 * Searches through REST in MessagePack, 16 at once, by a load generator in a process of its own. What
 * they cost is told beside how fast they are: CPU time a query of each thread, and of the generator.
 */
import { join } from "node:path";
import { connect, serve } from "dvesp";
import { rowOf } from "./data-set.js";
import { percentile } from "./figures.js";
import { LoadProcess } from "./load-process.js";
import type { LoadResult, SearchLoad } from "./load-process.js";
import { RecallCount, indexed, recallName, recalls } from "./search-stage.js";
import type { SearchStage } from "./search-stage.js";
import { threadCpu } from "./thread-cpu.js";
import type { ThreadCpu } from "./thread-cpu.js";

const atOnce = 16;
/** The engine compiles what is hot only after some thousand queries. */
const warmUpShare = 0.5;

export async function searchRest(stage: SearchStage): Promise<void> {
  const { data, collection, topK, seconds } = stage;
  const node = await serve({ path: join(stage.path, "store"), port: 0, log_level: "error" });
  const load = await LoadProcess.start();
  const queries = data.truth.map((_, row) => rowOf(data.queries, row));
  const { address } = node;
  const common = {
    addresses: [address],
    collection,
    queries,
    topK,
    atOnce,
    seconds,
    recall: undefined,
  };
  const client = connect({ nodes: [address] });
  try {
    await indexed(client, collection);
    await load.search({ ...common, include_vectors: true, seconds: seconds * warmUpShare });
    for (const include_vectors of [true, false]) {
      for (const recall of recalls)
        await measure(stage, load, { ...common, include_vectors, recall });
    }
  } finally {
    load.stop();
    await client.close();
    await node.close();
  }
}

async function measure(stage: SearchStage, load: LoadProcess, search: SearchLoad): Promise<void> {
  const vectors = search.include_vectors ? "with vectors" : "without vectors";
  const what = `REST, ${atOnce} at once, ${vectors}, ${recallName(search.recall)}`;
  const before = threadCpu();
  const result = await stage.watched(what, () => load.search(search));
  reportRun(stage, what, result);
  reportCpu(stage, what, result, { before, after: threadCpu() });
}

function reportRun({ report, data }: SearchStage, what: string, result: LoadResult): void {
  const { times, seconds, checked, bytes } = result;
  report(`${what}: queries per second`, times.length / seconds, "/s");
  report(`${what}: p50`, percentile(times, 0.5), "ms");
  report(`${what}: p99`, percentile(times, 0.99), "ms");
  const found = new RecallCount(data);
  for (const { query, ids } of checked) found.count(query, ids);
  report(`${what}: recall@10 of ${checked.length} checked answers`, found.value, "");
  report(`${what}: bytes an answer`, bytes / times.length, "");
}

function reportCpu(
  { report }: SearchStage,
  what: string,
  { times, cpuSeconds, seconds }: LoadResult,
  { before, after }: { readonly before: ThreadCpu; readonly after: ThreadCpu },
): void {
  const mainUs = after.mainUs - before.mainUs;
  const othersUs = after.othersUs - before.othersUs;
  report(`${what}: CPU of the load generator`, (cpuSeconds * 1e6) / times.length, "µs a query");
  report(`${what}: CPU of the main thread`, mainUs / times.length, "µs a query");
  report(`${what}: CPU of all other threads`, othersUs / times.length, "µs a query");
  report(
    `${what}: cores had by all of it`,
    (mainUs + othersUs) / 1e6 / seconds + cpuSeconds / seconds,
    "",
  );
}
