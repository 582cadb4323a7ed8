/**
 * `npm run demo`: the main job on real data. An embedded node on a temporary directory takes 5,000
 * arXiv papers, finds neighbours of titles, and measures itself against exact search.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../base/index.js";
import { open } from "../node/index.js";
import type { SearchAnswer, VectorStore } from "../protocol/index.js";
import { importFile } from "./import.js";
import { jsonLines } from "./json-lines.js";
import { openVectorFile } from "./vector-file.js";

const collection = "arxiv";
const shownQueries = 10;
const shownResults = 3;
const topK = 10;
const recallMin = 0.95;

interface Query {
  readonly title: string;
  readonly vector: Float32Array;
}

const print = (text = ""): void => void process.stdout.write(`${text}\n`);

async function demo(): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "dvesp-demo-"));
  try {
    await importPapers(path);
    const store = await open({ path });
    try {
      await waitUntilIndexed(store);
      await run(store, await titleQueries());
    } finally {
      await store.close();
    }
  } finally {
    await rm(path, { recursive: true, force: true });
  }
  print("\nThe temporary data directory is gone again.");
}

async function run(store: VectorStore, queries: readonly Query[]): Promise<void> {
  for (const query of queries.slice(0, shownQueries)) await showNearest(store, query);
  await showFiltered(store, queries[0] as Query);
  await measure(store, queries);
  printCurl(queries[0] as Query);
}

async function importPapers(path: string): Promise<void> {
  print("Importing 5,000 arXiv papers (384 dimensions, TF-IDF + SVD of title and abstract)");
  const { rows, seconds } = await importFile(dataFile("arxiv-5k.fbin"), {
    collection,
    metadata: dataFile("arxiv-5k.meta.jsonl"),
    metric: "cosine",
    index: "hnsw",
    batch: 500,
    data: path,
  });
  print(`${rows} rows durable and searchable in ${seconds.toFixed(2)} s`);
}

async function waitUntilIndexed(store: VectorStore): Promise<void> {
  const began = systemClock.monotonic();
  for (;;) {
    const { rows, indexed_rows } = await store.describe_collection({ collection });
    if (indexed_rows === rows) break;
    await sleep(systemClock, 50);
  }
  print(
    `HNSW index complete after another ${((systemClock.monotonic() - began) / 1000).toFixed(2)} s\n`,
  );
}

async function titleQueries(): Promise<Query[]> {
  const titles: string[] = [];
  for await (const { value } of jsonLines(dataFile("arxiv-titles.meta.jsonl"))) {
    titles.push((value as { title: string }).title);
  }
  const source = await openVectorFile(dataFile("arxiv-titles.fbin"), undefined);
  const queries: Query[] = [];
  for await (const { data, dimension } of source.batches(titles.length)) {
    titles.forEach((title, row) => {
      queries.push({ title, vector: data.slice(row * dimension, (row + 1) * dimension) });
    });
  }
  return queries;
}

async function showNearest(store: VectorStore, { title, vector }: Query): Promise<void> {
  print(`"${title}"`);
  printHits(await store.search({ collection, query_vector: vector, top_k: shownResults }));
}

async function showFiltered(store: VectorStore, { title, vector }: Query): Promise<void> {
  const filter = { primary: "cs.CL", year: { $gte: 2022 } };
  print(`\n"${title}", only ${JSON.stringify(filter)}`);
  printHits(await store.search({ collection, query_vector: vector, top_k: shownResults, filter }));
}

function printHits({ results }: SearchAnswer): void {
  for (const { distance, metadata } of results) {
    const { title, primary, year } = metadata as { title: string; primary: string; year: number };
    print(`   ${distance.toFixed(4)}  ${title}  [${primary}, ${year}]`);
  }
}

async function measure(store: VectorStore, queries: readonly Query[]): Promise<void> {
  const truths: Set<string>[] = [];
  for (const { vector: query_vector } of queries) {
    const exact = await store.search({ collection, query_vector, top_k: topK, exact: true });
    truths.push(new Set(exact.results.map(({ id }) => id)));
  }
  let found = 0;
  const times: number[] = [];
  for (const [index, { vector: query_vector }] of queries.entries()) {
    const began = systemClock.monotonic();
    const { results } = await store.search({ collection, query_vector, top_k: topK });
    times.push(systemClock.monotonic() - began);
    found += results.filter(({ id }) => truths[index]?.has(id)).length;
  }
  const wanted = truths.reduce((sum, truth) => sum + truth.size, 0);
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(share * times.length)] ?? 0).toFixed(2);
  const recall = found / wanted;
  print(`\n${queries.length} queries, top ${topK}, vectors and metadata in the answer:`);
  print(`   recall@10 against exact search: ${recall.toFixed(4)}`);
  print(`   latency in ms: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`);
  if (recall < recallMin) process.exitCode = 1;
}

function printCurl({ title, vector }: Query): void {
  const query_vector = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString(
    "base64",
  );
  const body = JSON.stringify({ query_vector, top_k: shownResults, include_vectors: false });
  print(`\nThe first query ("${title}") over REST: in another terminal`);
  print("   npm start");
  print("   bin/dvesp import demo/data/arxiv-5k.fbin --metadata demo/data/arxiv-5k.meta.jsonl \\");
  print("      --collection arxiv");
  print("and then, the query vector as base64 of its float32:");
  print(`curl -s http://127.0.0.1:7000/v1/collections/${collection}/search \\`);
  print(`   -H 'content-type: application/json' -d '${body}'`);
}

function dataFile(name: string): string {
  return fileURLToPath(new URL(`../../demo/data/${name}`, import.meta.url));
}

await demo();
