/**
 * One thread or two build an index of engine `shared` while others search it, without locks: every hit is a
 * row they may see, at its true distance, there are as many as asked for, and the rows that were
 * there before are found as well as when nobody writes.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { SystemDisk, randomFraction, seededRandom } from "../../dist/base/index.js";
import { SharedRows, openBuilder, selectIndex } from "../../dist/index/index.js";
import type { BuildHelpers } from "../../dist/index/index.js";
import { TaskPool } from "../../dist/runtime/index.js";

const dimension = 48;
const rowCount = 24_000;
const firstRows = 4000;
const sliceRows = 250;
const seed = 4711;

const searcher = `
import { parentPort, workerData } from "node:worker_threads";
import { setImmediate } from "node:timers/promises";
const { SharedRows, ExactScanner, attachReader } = await import(workerData.module);
const { handle, slot, publication, metric } = workerData;
const rows = SharedRows.attach(handle, slot);
const scanner = new ExactScanner(rows);
const reader = await attachReader(publication, rows);
let ended = false;
parentPort.on("message", (message) => {
  if (message === "end") ended = true;
  else void reader.refresh(message);
});
const report = { searches: 0, faults: [], selfMissed: 0, found: 0, wanted: 0, sizes: 0 };
let size = 0;
let ordinal = slot;
for (let last = 0; last < 400; last += ended ? 1 : 0) {
  await setImmediate();
  const { indexed } = reader;
  if (indexed !== size) report.sizes++;
  size = indexed;
  ordinal = (ordinal + 7919) % indexed;
  const query = rows.copyVector(ordinal);
  const { hits, route } = reader.search({ query, k: 10, effort: { ef: 96 } });
  report.searches++;
  if (route.kind !== "walk") report.faults.push("not a walk: " + route.kind);
  if (hits.ordinals.length !== 10) report.faults.push("hits: " + hits.ordinals.length);
  if (hits.ordinals.some((one) => one >= indexed)) report.faults.push("a row not published");
  if (new Set(hits.ordinals).size !== hits.ordinals.length) report.faults.push("a row twice");
  if (!hits.ordinals.includes(ordinal)) report.selfMissed++;
  if (report.searches % 4 > 0) continue;
  const exact = scanner.scan({ query, metric, k: 10 }, { from: 0, to: indexed });
  report.wanted += 10;
  for (const one of exact.ordinals) if (hits.ordinals.includes(one)) report.found++;
  const again = scanner.rank({ query, metric, k: 10 }, hits.ordinals);
  if (again.distances.some((distance, at) => distance !== hits.distances[at])) report.faults.push("a distance");
}
report.faults.splice(10);
report.indexed = size;
parentPort.postMessage(report);
parentPort.close();
`;

interface Report {
  readonly searches: number;
  readonly faults: readonly string[];
  readonly selfMissed: number;
  readonly found: number;
  readonly wanted: number;
  readonly sizes: number;
  readonly indexed: number;
}

function someRows(): Float32Array {
  const random = seededRandom(seed);
  const centres = Float32Array.from({ length: 60 * dimension }, () => randomFraction(random));
  const packed = new Float32Array(rowCount * dimension);
  for (let row = 0; row < rowCount; row++) {
    for (let at = 0; at < dimension; at++) {
      const centre = centres[(row % 60) * dimension + at]!;
      packed[row * dimension + at] = centre + 0.4 * randomFraction(random);
    }
  }
  return packed;
}

/** Task threads as a builder's helpers. */
function helpersOf(count: number, firstSlot: number): BuildHelpers {
  const pool = new TaskPool({ threads: count });
  pools.push(pool);
  return { count, firstSlot, run: (...task) => pool.run(...task) };
}

const pools: TaskPool[] = [];
const workers: Worker[] = [];
const directories: string[] = [];

describe("engine shared on several threads", () => {
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.terminate();
    for (const pool of pools.splice(0)) await pool.close();
    for (const one of directories.splice(0)) await rm(one, { recursive: true });
  });

  it.each([
    { metric: "l2", writers: 1 },
    { metric: "l2", writers: 2 },
    { metric: "cosine", writers: 2 },
  ] as const)(
    "finds what was there while rows come ($metric, writers: $writers)",
    async ({ metric, writers }) => {
      const directory = await mkdtemp(join(tmpdir(), "dvesp-shared-"));
      directories.push(directory);
      const rows = SharedRows.create({ dimension });
      rows.reserve(rowCount);
      rows.write(0, someRows());
      rows.publish(rowCount);
      rows.commit(rowCount);
      const spec = selectIndex(
        { dimension, metric, index: { type: "hnsw", engine: "shared" } },
        rowCount,
      );
      const helpers = writers > 1 ? helpersOf(writers - 1, 3) : undefined;
      const builder = await openBuilder({ spec, rows, directory, disk: new SystemDisk(), helpers });
      await builder.add(firstRows);
      const publication = await builder.publish();
      if (publication.engine !== "shared") throw new Error("a publication of this engine");
      const [memory] = publication.memories;
      const firstBytes = memory!.buffer.byteLength;
      const module = pathToFileURL(resolve(import.meta.dirname, "../../dist/index/index.js")).href;
      for (const slot of [1, 2]) {
        const workerData = { module, handle: rows.share(), slot, publication, metric };
        const source = new URL(`data:text/javascript,${encodeURIComponent(searcher)}`);
        workers.push(new Worker(source, { workerData }));
      }
      const reports = workers.map((worker) => once(worker, "message"));
      await Promise.all(workers.map((worker) => once(worker, "online")));
      while ((await builder.add(sliceRows)) > 0) {
        if (builder.indexed % 2000 > 0) continue;
        const next = await builder.publish();
        for (const worker of workers) worker.postMessage(next);
      }
      for (const worker of workers) worker.postMessage("end");
      // The memory grew under the readers, several times.
      expect(memory!.buffer.byteLength - firstBytes).toBeGreaterThan(3 << 20);
      for (const [message] of await Promise.all(reports)) {
        const report = message as Report;
        expect(report.faults).toEqual([]);
        // Proof that building and searching overlapped: several publications were seen.
        expect(report.sizes).toBeGreaterThan(3);
        expect(report.indexed).toBe(rowCount);
        expect(report.selfMissed / report.searches).toBeLessThan(0.002);
        expect(report.found / report.wanted).toBeGreaterThan(0.97);
      }
      await builder.close();
    },
  );
});
