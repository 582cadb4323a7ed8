/**
 * Searches through `open()`, one and 16 at once, with ids and metadata in the answer; beside them, in
 * turns of a few seconds, hnswlib-node in a loop on this thread at the same recall.
 */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { open } from "dvesp";
import type { VectorStore } from "dvesp";
import { rowOf } from "./data-set.js";
import { percentile } from "./figures.js";
import type { HnswlibLoop } from "./hnswlib-loop.js";
import { RecallCount, indexed, recallName, recalls } from "./search-stage.js";
import type { SearchStage } from "./search-stage.js";

const rounds = 5;
const warmUpQueries = 5000;

interface Load {
  readonly atOnce: number;
  readonly recall: number | undefined;
}

interface Run {
  readonly times: number[];
  readonly found: RecallCount;
  readonly perSecond: number[];
}

export async function searchEmbedded(
  stage: SearchStage,
  native: HnswlibLoop | undefined,
): Promise<void> {
  const store = await open({ path: join(stage.path, "store") });
  try {
    await indexed(store, stage.collection);
    const until = untilQueries(warmUpQueries);
    await searches(store, stage, { atOnce: 16, recall: undefined }, newRun(stage), until);
    for (const atOnce of [1, 16]) {
      for (const recall of recalls) {
        const what = `API, ${atOnce} at once, ${recallName(recall)}`;
        await stage.watched(what, () => measure(store, stage, native, { atOnce, recall }, what));
      }
    }
  } finally {
    await store.close();
  }
}

async function measure(
  store: VectorStore,
  stage: SearchStage,
  native: HnswlibLoop | undefined,
  load: Load,
  what: string,
): Promise<void> {
  const { seconds, topK, report } = stage;
  const run = newRun(stage);
  const turnMs = (seconds * 1000) / rounds;
  await searches(store, stage, load, run, untilTime(turnMs));
  const effort = native?.effortFor(run.found.value, topK);
  const nativePerSecond: number[] = [];
  for (let round = 1; round < rounds; round++) {
    if (native && effort) nativePerSecond.push(native.run(effort.ef, topK, turnMs / 1000));
    await searches(store, stage, load, run, untilTime(turnMs));
  }
  const perSecond = percentile(run.perSecond, 0.5);
  report(`${what}: queries per second, median of rounds`, perSecond, "/s");
  report(`${what}: p50`, percentile(run.times, 0.5), "ms");
  report(`${what}: p99`, percentile(run.times, 0.99), "ms");
  report(`${what}: recall@10`, run.found.value, "");
  if (!effort) return;
  const other = percentile(nativePerSecond, 0.5);
  report(`${what}: hnswlib-node in a loop, ef ${effort.ef}`, other, "/s");
  report(`${what}: its recall@10`, effort.recall, "");
  report(`${what}: queries per second against it`, perSecond / other, "x");
}

function newRun({ data }: SearchStage): Run {
  return { times: [], found: new RecallCount(data), perSecond: [] };
}

function untilTime(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
}

function untilQueries(count: number): () => boolean {
  let done = 0;
  return () => done++ >= count;
}

/** Clients that each wait for their answer before they ask again. */
async function searches(
  store: VectorStore,
  { data, collection, topK }: SearchStage,
  { atOnce, recall }: Load,
  { times, found, perSecond }: Run,
  isOver: () => boolean,
): Promise<void> {
  const before = times.length;
  const began = performance.now();
  const client = async (): Promise<void> => {
    while (!isOver()) {
      const query = times.length % data.truth.length;
      const query_vector = rowOf(data.queries, query);
      const start = performance.now();
      const { results } = await store.search({
        collection,
        query_vector,
        top_k: topK,
        include_vectors: false,
        ...(recall !== undefined && { recall }),
      });
      times.push(performance.now() - start);
      found.count(
        query,
        results.map(({ id }) => id),
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  perSecond.push((times.length - before) / ((performance.now() - began) / 1000));
}
