/**
 * Durability, tested on the bytes that a power cut would leave: a random history runs on the disk and
 * the table in memory, and at both sides of every sync and of every commit of the table an image is
 * taken, with what was not synced lost or torn. Each image is then opened, as a restart would.
 */
import { describe, expect, it } from "vitest";
import { MemoryDisk, seededRandom, type Random } from "../../../src/base/index.js";
import {
  MemoryTables,
  openRowStore,
  verifyRowStore,
  type CommitBatch,
  type RowStore,
} from "../../../src/storage/index.js";
import {
  allVectors,
  applied,
  emptyBatch,
  emptyContent,
  insertion,
  randomBatch,
  storeContent,
  type StoreContent,
} from "../../conformance/storage-rows.js";

const seed = Number(process.env.SEED ?? 7);
const dimension = 5;
const directory = "/data/store";

interface State {
  readonly content: StoreContent;
  readonly vectors: readonly number[];
}

interface Image {
  readonly point: string;
  readonly disk: MemoryDisk;
  readonly tables: MemoryTables;
  /** Acknowledged when the image was taken, and what was under way. */
  readonly acknowledged: State;
  readonly underWay: State;
}

class World {
  readonly disk = new MemoryDisk();
  readonly tables = new MemoryTables();
  readonly images: Image[] = [];
  acknowledged: State = { content: emptyContent, vectors: [] };
  underWay: State = this.acknowledged;
  readonly #random: Random;
  readonly #imagesPerPoint: number;

  constructor(random: Random, imagesPerPoint: number) {
    this.#random = random;
    this.#imagesPerPoint = imagesPerPoint;
    this.disk.medium.onSync = ({ path, when }) => this.#take(`${when} sync of ${path}`);
    this.tables.onCommit = ({ when }) => this.#take(`${when} commit of the table`);
  }

  open(): Promise<RowStore> {
    return openImage(this.disk, this.tables);
  }

  #take(point: string): void {
    for (let index = 0; index < this.#imagesPerPoint; index++) {
      this.images.push({
        point,
        disk: this.disk.crash(this.#random),
        tables: this.tables.crash(),
        acknowledged: this.acknowledged,
        underWay: this.underWay,
      });
    }
  }
}

function openImage(disk: MemoryDisk, tables: MemoryTables): Promise<RowStore> {
  const vectorFileBytes = 4096 + 30 * dimension * 4;
  const idRuns = { runIdsMin: 12, mergeIdsMin: 30, sliceIds: 9 };
  const parts = { directory, disk, openTable: tables.open, dimension, idRuns };
  return openRowStore({ ...parts, mode: "write", reserveBytes: 0, vectorFileBytes });
}

async function stateOf(store: RowStore): Promise<State> {
  return { content: storeContent(store), vectors: [...(await allVectors(store))] };
}

/** Live rows' vectors; what stands at the places of removed rows is nobody's concern. */
function liveVectors({ content, vectors }: State): Record<string, readonly number[]> {
  return Object.fromEntries(
    Object.keys(content.rows).map((ordinal) => {
      const from = Number(ordinal) * dimension;
      return [ordinal, vectors.slice(from, from + dimension)];
    }),
  );
}

async function runHistory(world: World, random: Random, steps: number): Promise<void> {
  const store = await world.open();
  for (let step = 0; step < steps; step++) {
    const batch = randomBatch(random, store, { rowsMax: 25 });
    const { content, vectors } = world.acknowledged;
    world.underWay = {
      content: applied(content, batch, dimension),
      vectors: [...vectors, ...(batch.vectors ?? [])],
    };
    await store.commit(batch);
    world.acknowledged = world.underWay;
    for (let upkeep = step % 3; upkeep > 0; upkeep--) await store.maintain();
  }
  await store.close();
}

async function checkImage(image: Image, random: Random): Promise<void> {
  const where = `${image.point}, ${image.acknowledged.content.nextOrdinal} rows acknowledged`;
  const store = await openImage(image.disk, image.tables);
  const found = await stateOf(store);
  const expected = [image.acknowledged, image.underWay].find(
    ({ content }) => content.appliedVersion === found.content.appliedVersion,
  );
  expect(expected, where).toBeDefined();
  if (!expected) return;
  expect(found.content, where).toEqual(expected.content);
  expect(liveVectors(found), where).toEqual(liveVectors(expected));

  const firstOrdinal = store.nextOrdinal;
  await store.commit(insertion(random, { firstOrdinal, dimension, count: 40 }));
  expect(store.rows, where).toBe(Object.keys(expected.content.rows).length + 40);
  await store.close();
  const { disk, tables } = image;
  const report = await verifyRowStore({ directory, disk, openTable: tables.open });
  expect(report.problems, where).toEqual([]);
}

describe(`crashes (SEED=${seed})`, () => {
  it("leave what was acknowledged whole, and the rest whole or absent, at every point", async () => {
    const random = seededRandom(seed);
    const world = new World(random, 3);
    await runHistory(world, random, 30);
    const points = new Set(world.images.map(({ point }) => point));
    expect(points).toContain("before commit of the table");
    expect(points).toContain("after sync of /data/store");
    expect(points).toContain("before sync of /data/store/vectors-0000000030.f32");
    expect(world.images.length).toBeGreaterThan(300);
    for (const image of world.images) await checkImage(image, random);
  }, 120_000);

  it("leave the same when they follow one another", async () => {
    const random = seededRandom(seed + 1);
    let disk = new MemoryDisk();
    let tables = new MemoryTables();
    let expected: State = { content: emptyContent, vectors: [] };
    for (let life = 0; life < 40; life++) {
      const store = await openImage(disk, tables);
      const found = await stateOf(store);
      expect(found.content).toEqual(expected.content);
      expect(liveVectors(found)).toEqual(liveVectors(expected));
      const batch = randomBatch(random, store, { rowsMax: 25 });
      await store.commit(batch);
      const content = applied(expected.content, batch, dimension);
      expected = { content, vectors: [...(await allVectors(store))] };
      const lost = insertion(random, { firstOrdinal: store.nextOrdinal, dimension, count: 20 });
      tables.onCommit = () => {
        tables.onCommit = () => undefined;
        disk = disk.crash(random);
        tables = tables.crash();
      };
      await store.commit(lost);
      await store.close();
    }
    expect(Object.keys(expected.content.rows).length).toBeGreaterThan(20);
  });

  it("while files are given back leave every live row, and no file that comes back", async () => {
    const random = seededRandom(seed + 3);
    const world = new World(random, 5);
    const store = await world.open();
    const commit = async (batch: CommitBatch): Promise<void> => {
      const { content, vectors } = world.acknowledged;
      world.underWay = {
        content: applied(content, batch, dimension),
        vectors: [...vectors, ...(batch.vectors ?? [])],
      };
      await store.commit(batch);
      world.acknowledged = world.underWay;
    };
    const rows = insertion(random, { firstOrdinal: 0, dimension, count: 100 });
    await commit(rows);
    expect(store.sparseRange()).toBeUndefined();
    const gone = rows.puts.filter(({ ordinal }) => ordinal < 30 || (ordinal >= 40 && ordinal < 70));
    const removes = gone.map(({ ordinal, id }) => ({ ordinal, id, keepId: false }));
    const bytes = store.bytes().vectors_disk;
    await commit({ ...emptyBatch, removes, appliedVersion: "removed" });
    expect(store.sparseRange()).toEqual({ from: 0, to: 30 });
    while (await store.maintain());
    expect(store.bytes().vectors_disk).toBeLessThan(bytes);
    expect(await world.disk.list(directory)).not.toContain("vectors-0000000000.f32");
    expect(await world.disk.list(directory)).toContain("vectors-0000000030.f32");
    expect(store.sparseRange()).toEqual({ from: 30, to: 60 });
    // The others of that file, and all of the last one, which is not full yet.
    const rest = rows.puts.filter(({ ordinal: at }) => (at >= 30 && at < 40) || at >= 90);
    const removesRest = rest.map(({ ordinal, id }) => ({ ordinal, id, keepId: false }));
    await commit({ ...emptyBatch, removes: removesRest, appliedVersion: "removed too" });
    while (await store.maintain());
    expect(store.sparseRange()).toBeUndefined();
    const holes = new Float32Array(20 * dimension);
    await commit({ ...emptyBatch, vectors: holes, appliedVersion: "filled" });
    expect(store.sparseRange()).toEqual({ from: 90, to: 120 });
    await store.close();
    for (const image of world.images) await checkImage(image, random);
  });

  it("during the making of a store leave nothing, or an empty store", async () => {
    const random = seededRandom(seed + 2);
    const world = new World(random, 10);
    await (await world.open()).close();
    expect(world.images.length).toBeGreaterThan(10);
    for (const image of world.images) await checkImage(image, random);
  });
});
