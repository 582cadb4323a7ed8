/** `dvesp import`: rows of a file into a collection, over REST or straight into a data directory. */
import { SingleBar } from "cli-progress";
import { connect } from "../client/index.js";
import { invalid, systemClock } from "../base/index.js";
import { open } from "../node/index.js";
import type { DistanceMetric, VectorStore } from "../protocol/index.js";
import type { ImportBatch, ImportSource } from "./batch.js";
import { openJsonLines } from "./json-lines.js";
import { openVectorFile } from "./vector-file.js";

export interface ImportOptions {
  readonly collection: string;
  readonly metadata?: string;
  readonly metric: DistanceMetric;
  readonly index: "hnsw" | "flat" | "auto";
  readonly batch: number;
  readonly nodes?: readonly string[];
  readonly apiKey?: string;
  readonly data?: string;
  /** Draws progress; default standard error. */
  readonly progress?: NodeJS.WritableStream;
}

export interface ImportReport {
  readonly rows: number;
  readonly seconds: number;
}

/** Batches on their way at the same time: one is decoded while another is made durable. */
const batchesUnderWay = 2;
const batchTimeoutMs = 60_000;

/** Errors: those of the store; rows of batches before the one that failed are stored. */
export async function importFile(path: string, options: ImportOptions): Promise<ImportReport> {
  const source = await openSource(path, options.metadata);
  const store = await target(options);
  const began = systemClock.monotonic();
  try {
    const rows = await importAll(source, store, options);
    return { rows, seconds: (systemClock.monotonic() - began) / 1000 };
  } finally {
    await store.close();
  }
}

async function openSource(path: string, metadata: string | undefined): Promise<ImportSource> {
  if (path.endsWith(".fbin") || path.endsWith(".u8bin")) return openVectorFile(path, metadata);
  if (path.endsWith(".jsonl")) return openJsonLines(path);
  throw invalid(`${path}: the name ends in none of .fbin, .u8bin, .jsonl`);
}

async function target({ nodes, apiKey, data }: ImportOptions): Promise<VectorStore> {
  if (data !== undefined) return open({ path: data });
  return connect({
    nodes: nodes ?? ["127.0.0.1:7000"],
    ...(apiKey !== undefined && { api_key: apiKey }),
  });
}

async function importAll(
  source: ImportSource,
  store: VectorStore,
  options: ImportOptions,
): Promise<number> {
  const bar = progressBar(options.progress ?? process.stderr);
  bar.start(source.total ?? 0, 0);
  const underWay = new Set<Promise<void>>();
  let read = 0;
  let stored = 0;
  try {
    for await (const batch of source.batches(options.batch)) {
      if (read === 0) await ensureCollection(store, batch.dimension, options);
      const rows = batch.data.length / batch.dimension;
      read += rows;
      const task = insert(store, batch, options.collection).then(() => {
        bar.update((stored += rows));
        underWay.delete(task);
      });
      task.catch(() => undefined);
      underWay.add(task);
      if (underWay.size >= batchesUnderWay) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
    bar.stop();
  }
  return stored;
}

function progressBar(stream: NodeJS.WritableStream): SingleBar {
  return new SingleBar({
    stream,
    format: "{bar} {percentage}% | {value}/{total} rows | {eta_formatted} left",
    noTTYOutput: true,
    notTTYSchedule: 5000,
    hideCursor: true,
  });
}

async function ensureCollection(
  store: VectorStore,
  dimension: number,
  { collection, metric, index }: ImportOptions,
): Promise<void> {
  const settings = { collection, dimension, distance_metric: metric, index: { type: index } };
  await store.create_collection(settings);
}

async function insert(store: VectorStore, batch: ImportBatch, collection: string): Promise<void> {
  const { dimension, data, metadata, ids } = batch;
  const { status } = await store.insert({
    collection,
    vectors: { dimension, data },
    timeout_ms: batchTimeoutMs,
    ...(metadata && { metadata }),
    ...(ids && { ids }),
  });
  if (status !== "success") throw invalid(`a batch was not stored: ${status}`);
}
