/**
 * Several threads build one graph: it is as good as one thread's, holds duplicates and leaves out the
 * dead, and survives the death of any helper at any moment.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { SystemDisk, randomBelow, randomFraction, seededRandom } from "../../dist/base/index.js";
import type { Random } from "../../dist/base/index.js";
import {
  ExactScanner,
  SharedRows,
  attachReader,
  openBuilder,
  selectIndex,
} from "../../dist/index/index.js";
import type { BuildHelpers, IndexPublication, IndexReader } from "../../dist/index/index.js";
import { SharedBuilder } from "../../dist/index/shared/builder.js";
import { flagsField, graphLayout, header } from "../../dist/index/shared/graph-layout.js";
import { TaskPool } from "../../dist/runtime/index.js";
import { clusteredRows, queryNear } from "../conformance/index-fixture.js";

const dimension = 24;
const queryCount = 400;

const endings: (() => Promise<unknown>)[] = [];

function rowsOf(packed: Float32Array): SharedRows {
  const count = packed.length / dimension;
  const rows = SharedRows.create({ dimension });
  rows.reserve(count);
  rows.write(0, packed);
  rows.publish(count);
  rows.commit(count);
  return rows;
}

async function openShared(rows: SharedRows, helpers?: BuildHelpers): Promise<SharedBuilder> {
  const directory = await mkdtemp(join(tmpdir(), "dvesp-writers-"));
  endings.push(() => rm(directory, { recursive: true }));
  const index = { type: "hnsw", engine: "shared" } as const;
  const spec = selectIndex({ dimension, metric: "l2", index }, rows.committed);
  const builder = await openBuilder({ spec, rows, directory, disk: new SystemDisk(), helpers });
  if (!(builder instanceof SharedBuilder)) throw new Error("a builder of engine shared");
  return builder;
}

function poolOf(count: number): BuildHelpers {
  const pool = new TaskPool({ threads: count });
  endings.push(() => pool.close());
  return { count, firstSlot: 2, run: (...task) => pool.run(...task) };
}

/** How many of the 10 nearest live rows a walk of effort `ef` finds, over many queries. */
async function recallOf(builder: SharedBuilder, rows: SharedRows, ef: number): Promise<number> {
  const random = seededRandom(99);
  const reader = await attachReader(await builder.publish(), rows);
  const scanner = new ExactScanner(rows);
  let found = 0;
  for (let at = 0; at < queryCount; at++) {
    const query = queryNear(random, rows.copyVector(randomBelow(random, rows.written)));
    const exact = scanner.scan({ query, metric: "l2", k: 10 }, { from: 0, to: rows.written });
    const { hits, route } = reader.search({ query, k: 10, effort: { ef } });
    expect(route.kind).toBe("walk");
    const farthest = exact.distances.at(-1)!;
    found += hits.distances.filter((distance) => distance <= farthest).length;
  }
  return found / queryCount / 10;
}

async function buildAll(builder: SharedBuilder, rows: SharedRows, slice: number): Promise<void> {
  while ((await builder.add(slice)) > 0);
  expect(builder.indexed).toBe(rows.written);
}

/** Of 100 rows beyond the duplicates, how many a walk finds that looks for them. */
function selfFound(reader: IndexReader, rows: SharedRows): number {
  let found = 0;
  for (let ordinal = 6001; ordinal < 9000; ordinal += 30) {
    const { hits } = reader.search({ query: rows.copyVector(ordinal), k: 1, effort: { ef: 64 } });
    if (hits.ordinals[0] === ordinal) found++;
  }
  return found;
}

/** Locks that are held in a graph that nobody writes. */
function locksOf(publication: IndexPublication, count: number): number {
  if (publication.engine !== "shared") throw new Error("a publication of engine shared");
  const { spec, memories } = publication;
  const { rowsBase, stride, codeBytes } = graphLayout(spec);
  const words = new Uint32Array(memories[0]!.buffer);
  let held = words[header.entryLock / 4]! > 0 ? 1 : 0;
  for (let row = 0; row < count; row++) {
    if (words[(rowsBase + row * stride + codeBytes + flagsField) / 4]! >= 65_536) held++;
  }
  return held;
}

const mortal = `
import { parentPort } from "node:worker_threads";
parentPort.once("message", async ({ module, exportName, args }) => {
  (await import(module))[exportName](...args);
  parentPort.close();
});
parentPort.postMessage("ready");
`;

/** A thread that will do one task, once it is ready. */
async function mortalThread(): Promise<Worker> {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(mortal)}`));
  endings.push(() => worker.terminate());
  await once(worker, "message");
  return worker;
}

/** Helpers that are killed within 20 ms of being given their task, unless they are done before. */
function mortalHelpers(random: Random): BuildHelpers & { readonly deaths: () => number } {
  const count = 2;
  // Twice as many: each is woken with nothing to do, and may be asked again before it is replaced.
  const waiting = Array.from({ length: 2 * count }, mortalThread);
  let deaths = 0;
  const run = async (
    module: string,
    exportName: string,
    args: readonly unknown[],
  ): Promise<void> => {
    const worker = await waiting.shift()!;
    const ended = once(worker, "exit");
    worker.postMessage({ module, exportName, args });
    await Promise.race([ended, wait(20 * randomFraction(random))]);
    await worker.terminate();
    const [code] = (await ended) as [number];
    waiting.push(mortalThread());
    if (code === 0) return;
    deaths++;
    throw new Error("the helper was killed");
  };
  return { count, firstSlot: 2, run, deaths: () => deaths };
}

describe("several writers of one graph", () => {
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  it("make one as good as a single writer's, in which every row is reached", async () => {
    const rows = rowsOf(clusteredRows(seededRandom(1), 16_000, dimension));
    const single = await openShared(rows);
    await buildAll(single, rows, 4000);
    const shared = await openShared(rows, poolOf(3));
    await buildAll(shared, rows, 1000);
    for (const ef of [24, 64]) {
      const [one, several] = [await recallOf(single, rows, ef), await recallOf(shared, rows, ef)];
      expect(one).toBeGreaterThan(0.9);
      expect(Math.abs(one - several), `ef ${ef}: ${one}, ${several}`).toBeLessThan(0.005);
    }
    expect((await shared.survey()).relinked).toBeLessThan(20);
    expect((await shared.survey()).relinked).toBe(0);
  });

  it("take in thousands of duplicates, and leave out rows that were dead before", async () => {
    const packed = clusteredRows(seededRandom(2), 9000, dimension);
    for (let row = 2000; row < 6000; row++) packed.copyWithin(row * dimension, 0, dimension);
    const rows = rowsOf(packed);
    for (let ordinal = 0; ordinal < 9000; ordinal += 3) rows.markDead(ordinal);
    const builder = await openShared(rows, poolOf(2));
    await buildAll(builder, rows, 1500);
    const health = await builder.survey();
    expect(health).toMatchObject({ rows: 9000, dead: 3000, deadLinks: 0 });
    expect((await builder.survey()).relinked).toBe(0);
    const single = await openShared(rows);
    await buildAll(single, rows, 9000);
    await single.survey();
    const reader = await attachReader(await builder.publish(), rows);
    const other = await attachReader(await single.publish(), rows);
    expect(selfFound(reader, rows)).toBeGreaterThanOrEqual(97);
    expect(selfFound(other, rows)).toBeGreaterThanOrEqual(97);
    const { hits } = reader.search({ query: rows.copyVector(0), k: 50, effort: { ef: 200 } });
    expect(hits.ordinals).toHaveLength(50);
    expect(Math.max(...hits.distances)).toBe(0);
    expect([...hits.ordinals].filter((ordinal) => ordinal % 3 === 0)).toEqual([]);
  });

  it.each([101, 102, 103])(
    "outlive helpers that are killed at any moment (seed %i)",
    async (seed) => {
      const rows = rowsOf(clusteredRows(seededRandom(3), 16_000, dimension));
      const helpers = mortalHelpers(seededRandom(seed));
      const builder = await openShared(rows, helpers);
      await buildAll(builder, rows, 1500);
      expect(helpers.deaths()).toBeGreaterThan(5);
      await builder.survey();
      expect((await builder.survey()).relinked).toBe(0);
      expect(await recallOf(builder, rows, 64)).toBeGreaterThan(0.97);
      expect(locksOf(await builder.publish(), rows.written)).toBe(0);
    },
  );
});
