/**
 * One thread appends rows while others scan them, without locks: no reader ever meets a part of a
 * batch, also while memory grows and new segments come.
 */
import { once } from "node:events";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { SharedRows } from "../../dist/index/index.js";

const dimension = 60;
const batchRows = 700;
const batches = 300;
/** 64 MiB of rows in a segment: 4 growths and 4 segments on the way. */
const segmentPages = 66 + 256;

/** Row r is of batch b = r / batchRows, and all its components are b + 1. */
const reader = `
import { parentPort, workerData } from "node:worker_threads";
import { setImmediate } from "node:timers/promises";
const { SharedRows, ExactScanner } = await import(workerData.module);
const { batchRows, dimension } = workerData;
const rows = SharedRows.attach(workerData.handle, workerData.slot);
const scanner = new ExactScanner(rows);
let ended = false;
parentPort.on("message", (message) => {
  if (message === "end") ended = true;
  else { rows.adopt(message); parentPort.postMessage("adopted"); }
});
const target = { query: new Float32Array(dimension), metric: "l2", k: 1000 };
const faults = [];
let scans = 0;
let sizes = 0;
let last = -1;
for (let final = false; !final; ) {
  await setImmediate();
  final = ended;
  const to = rows.written;
  if (to !== last) sizes++;
  last = to;
  if (to % batchRows !== 0) faults.push("part of a batch: " + to);
  const hits = scanner.scan(target, { from: Math.max(0, to - 1000), to });
  if (hits.ordinals.length !== Math.min(1000, to)) faults.push("missing rows at " + to);
  hits.ordinals.forEach((ordinal, at) => {
    const expected = Math.fround(Math.sqrt(dimension) * (Math.floor(ordinal / batchRows) + 1));
    if (Math.abs(hits.distances[at] - expected) > 1e-4 * expected) faults.push("row " + ordinal);
  });
  scans++;
}
parentPort.postMessage({ faults: faults.slice(0, 10), scans, sizes, last });
parentPort.close();
`;

interface Report {
  readonly faults: readonly string[];
  readonly scans: number;
  readonly sizes: number;
  readonly last: number;
}

const workers: Worker[] = [];

function startReader(rows: SharedRows, slot: number): Worker {
  const module = pathToFileURL(resolve(import.meta.dirname, "../../dist/index/index.js")).href;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(reader)}`), {
    workerData: { module, handle: rows.share(), slot, batchRows, dimension },
  });
  workers.push(worker);
  return worker;
}

async function answer(worker: Worker): Promise<unknown> {
  const [message] = (await once(worker, "message")) as [unknown];
  return message;
}

describe("SharedRows on several threads", () => {
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.terminate();
  });

  it("shows readers whole batches only, while the rows grow", async () => {
    const rows = SharedRows.create({ dimension, segmentPages });
    const readers = [startReader(rows, 1), startReader(rows, 2)];
    for (let batch = 0; batch < batches; batch++) {
      const first = batch * batchRows;
      const handle = rows.reserve(first + batchRows);
      if (handle) {
        const adopted = readers.map(answer);
        for (const worker of readers) worker.postMessage(handle);
        await Promise.all(adopted);
      }
      const packed = new Float32Array(batchRows * dimension).fill(batch + 1);
      // In two halves: a reader that looked at the memory instead of the count would see one.
      rows.write(first, packed.subarray(0, packed.length / 2));
      rows.write(first + batchRows / 2, packed.subarray(packed.length / 2));
      rows.publish(first + batchRows);
    }
    expect(rows.share().segments.length).toBeGreaterThan(2);
    const reports = readers.map(answer);
    for (const worker of readers) worker.postMessage("end");
    for (const report of (await Promise.all(reports)) as Report[]) {
      expect(report.faults).toEqual([]);
      expect(report.last).toBe(batches * batchRows);
      // Proof that reading and writing overlapped: many lengths of the rows were seen.
      expect(report.sizes).toBeGreaterThan(10);
    }
  });
});
