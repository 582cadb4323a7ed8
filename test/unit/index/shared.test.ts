/** What is particular to engine `shared`; what holds for every index is in the index suite. */
import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryDisk, seededRandom, SystemDisk } from "../../../src/base/index.js";
import {
  attachReader,
  openBuilder,
  selectIndex,
  SharedRows,
  type IndexBuilder,
  type IndexEvent,
  type IndexSpec,
} from "../../../src/index/index.js";
import {
  Replica,
  clusteredRows,
  looseRows,
  sharedRowsOf,
} from "../../conformance/index-fixture.js";

const dimension = 12;
const rowCount = 3000;

function specOf(m = 16): IndexSpec & { readonly engine: "shared" } {
  const index = { type: "hnsw", engine: "shared", m } as const;
  const spec = selectIndex({ dimension, metric: "l2", index }, 0);
  if (spec.engine !== "shared") throw new Error("engine shared was asked for");
  return spec;
}

/** Until nothing is left that is needed now. */
async function settle(builder: IndexBuilder): Promise<void> {
  while ((await builder.upkeep("quiet")) === "now");
}

describe("engine shared", () => {
  let replica: Replica;
  beforeEach(async () => {
    replica = await Replica.open(specOf());
    replica.append(clusteredRows(seededRandom(1), rowCount, dimension));
    await replica.build();
  });
  afterEach(() => replica.close());

  const reopen = (rows: SharedRows, spec = specOf()): Promise<IndexBuilder> =>
    openBuilder({ spec, rows, directory: replica.directory, disk: new SystemDisk() });

  it("stops in the middle of a long walk when its time is over, and answers the next in full", async () => {
    replica.append(clusteredRows(seededRandom(2), 17_000, dimension));
    await replica.build();
    const query = replica.vectors[10]!;
    const search = (ef: number, stopsAt: number): { asked: number; code?: unknown } => {
      let asked = 0;
      try {
        const shouldStop = (): boolean => ++asked === stopsAt;
        const { route } = replica.reader.search({ query, k: 10, effort: { ef }, shouldStop });
        expect(route).toEqual({ kind: "walk", ef });
        return { asked };
      } catch (error) {
        return { asked, code: (error as { code?: unknown }).code };
      }
    };
    expect(search(20, 0).asked).toBe(1);
    expect(search(16_000, 0).asked).toBeGreaterThan(6);
    for (const stopsAt of [1, 2, 5]) {
      expect(search(16_000, stopsAt)).toEqual({ asked: stopsAt, code: "TIMEOUT" });
      for (const ef of [40, 16_000]) {
        const { answer, recall } = replica.check({ query, k: 10, effort: { ef } });
        expect([answer.route.kind, recall]).toEqual(["walk", 1]);
      }
    }
  });

  it("walks the graph by default, and is measured to reach its recall", async () => {
    const query = replica.vectors[0]!;
    expect(replica.search({ query, k: 10, effort: {} }).route.kind).toBe("walk");
    const publication = await replica.builder.publish();
    if (publication.engine !== "shared") throw new Error("a publication of this engine");
    expect(publication.calibration.at(-1)!.recallAt10).toBeGreaterThan(0.98);
  });

  it("shares its memory: a reader attached by a clone sees what is published, not more", async () => {
    const publication = await replica.builder.publish();
    const reader = await attachReader(structuredClone(publication), replica.rows);
    replica.append(looseRows(seededRandom(2), 500, dimension));
    await replica.builder.add(500);
    const query = replica.vectors[rowCount + 7]!;
    const find = (): number[] => [
      ...reader.search({ query, k: 3, effort: { ef: 50 } }).hits.ordinals,
    ];
    expect(find().every((ordinal) => ordinal < rowCount)).toBe(true);
    await reader.refresh(structuredClone(await replica.builder.publish()));
    expect(find()[0]).toBe(rowCount + 7);
    reader.close();
    expect(find).toThrow("an open reader");
  });

  it("starts from the snapshot, and builds only what came after", async () => {
    await replica.builder.close();
    replica.append(looseRows(seededRandom(2), 10, dimension));
    await replica.openBuilder();
    expect(replica.builder.indexed).toBe(rowCount);
    expect(await replica.builder.add(1000)).toBe(10);
    await replica.reader.refresh(await replica.builder.publish());
    for (const ordinal of [5, rowCount + 5]) {
      const query = replica.vectors[ordinal]!;
      const { answer } = replica.check({ query, k: 10, effort: { ef: 100 } });
      expect([answer.route.kind, answer.hits.ordinals[0]]).toEqual(["walk", ordinal]);
    }
  });

  it("writes a snapshot when it has grown by a tenth and nothing else is to be done, and at the end", async () => {
    const newest = async (): Promise<string> => {
      const names = await readdir(replica.directory);
      return names.filter((name) => name.endsWith(".manifest")).at(-1) ?? "";
    };
    await replica.builder.close();
    const first = await newest();
    replica.append(looseRows(seededRandom(3), 10, dimension));
    await replica.build();
    expect(await newest()).toBe(first);
    await replica.builder.close();
    const second = await newest();
    expect(second > first).toBe(true);
    replica.append(looseRows(seededRandom(3), 400, dimension));
    await replica.build();
    await vi.waitFor(async () => expect((await newest()) > second).toBe(true));
    await replica.builder.close();
    await replica.openBuilder();
    expect(replica.builder.indexed).toBe(rowCount + 410);
  });

  it("ignores a snapshot of other rows, of other settings, or of more rows than there are", async () => {
    await replica.builder.close();
    const own = clusteredRows(seededRandom(1), rowCount, dimension);
    const other = clusteredRows(seededRandom(3), rowCount, dimension);
    const indexed = async (packed: Float32Array, m = 16): Promise<number> =>
      (await reopen(sharedRowsOf(dimension, packed), specOf(m))).indexed;
    expect(await indexed(own)).toBe(rowCount);
    expect(await indexed(other)).toBe(0);
    expect(await indexed(own, 24)).toBe(0);
    expect(await indexed(own.subarray(0, (rowCount - 1) * dimension))).toBe(0);
  });

  it("builds anew when a row that lives was left out of the snapshot as dead", async () => {
    const packed = clusteredRows(seededRandom(8), rowCount, dimension);
    const rows = sharedRowsOf(dimension, packed);
    rows.markDead(7);
    const builder = await reopen(rows, specOf(8));
    await builder.add(rowCount);
    await builder.close();
    expect((await reopen(rows, specOf(8))).indexed).toBe(rowCount);
    expect((await reopen(sharedRowsOf(dimension, packed), specOf(8))).indexed).toBe(0);
  });

  it("builds anew when the snapshot is damaged anywhere", async () => {
    await replica.builder.close();
    const names = await readdir(replica.directory);
    const path = join(replica.directory, names.filter((name) => name.endsWith(".index")).at(-1)!);
    const disk = new SystemDisk();
    const file = await disk.open(path, "write");
    const size = await file.size();
    for (const position of [0, 5000, Math.floor(size / 2), size - 1]) {
      const byte = new Uint8Array(1);
      await file.read(byte, position);
      await file.write(Uint8Array.of(byte[0]! ^ 0x40), position);
      expect((await reopen(replica.rows)).indexed, `byte ${position}`).toBe(0);
      await file.write(byte, position);
    }
    await file.close();
    expect((await reopen(replica.rows)).indexed).toBe(rowCount);
    await truncate(path, size - 1);
    expect((await reopen(replica.rows)).indexed).toBe(0);
    await replica.openBuilder();
  });

  it("goes on without a snapshot while the disk is full, says so, and writes one when there is room", async () => {
    const disk = new MemoryDisk();
    const { rows } = replica;
    const events: IndexEvent[] = [];
    const onEvent = (event: IndexEvent): unknown => events.push(event);
    const options = { spec: specOf(), rows, directory: "/data/index", disk, onEvent };
    const builder = await openBuilder(options);
    await builder.add(1000);
    await builder.close();
    disk.medium.limitBytes(disk.medium.usedBytes + 100_000);
    await builder.add(2000);
    await settle(builder);
    const failed = events.find(({ type }) => type === "index_snapshot_failed");
    expect(failed).toMatchObject({ error: { code: "STORAGE_FULL" } });
    const reader = await attachReader(await builder.publish(), rows);
    expect(reader.indexed).toBe(3000);
    await builder.close();
    expect((await openBuilder(options)).indexed).toBe(1000);
    disk.medium.limitBytes(Infinity);
    replica.append(looseRows(seededRandom(4), 10, dimension));
    await builder.add(10);
    await builder.close();
    expect((await openBuilder(options)).indexed).toBe(3010);
  });

  it("comes through a power cut with a whole snapshot or none", async () => {
    const rows = sharedRowsOf(dimension, clusteredRows(seededRandom(9), 400, dimension));
    for (let seed = 1; seed <= 8; seed++) {
      const disk = new MemoryDisk();
      const directory = "/data/index";
      const builder = await openBuilder({ spec: specOf(), rows, directory, disk });
      await builder.add(200);
      await builder.close();
      await builder.add(200);
      const closing = builder.close();
      for (let turn = 0; turn < seed * 6; turn++) await Promise.resolve();
      const left = disk.crash(seededRandom(seed));
      await closing;
      const again = await openBuilder({ spec: specOf(), rows, directory, disk: left });
      expect([200, 400], `seed ${seed}`).toContain(again.indexed);
    }
  });

  it("finds the living where the dead are many, told or not", () => {
    const query = replica.vectors[50]!;
    const nearest = replica.truth("l2", query).slice(0, 400);
    for (const ordinal of nearest) {
      replica.rows.markDead(ordinal);
      replica.dead.add(ordinal);
    }
    expect(replica.check({ query, k: 10, effort: { ef: 20 } }).recall).toBeGreaterThanOrEqual(0.9);
    replica.builder.remove(Uint32Array.from(nearest));
    expect(replica.check({ query, k: 10, effort: { ef: 20 } }).recall).toBeGreaterThanOrEqual(0.9);
  });

  it("scans, and walks nowhere, where nearly all are dead", () => {
    replica.delete([...replica.vectors.keys()].filter((ordinal) => ordinal % 500 > 0));
    const query = replica.vectors[50]!;
    const { answer } = replica.check({ query, k: 10, effort: { ef: 64 } });
    expect(answer.route).toEqual({ kind: "scan" });
    expect(answer.hits.ordinals).toHaveLength(6);
  });

  it("answers from one graph, then from the one of a restarted builder", async () => {
    await replica.builder.close();
    await replica.openBuilder();
    await replica.reader.refresh(await replica.builder.publish());
    replica.append(looseRows(seededRandom(7), 300, dimension));
    await replica.build();
    const query = replica.vectors[rowCount + 8]!;
    const { answer } = replica.check({ query, k: 5, effort: { ef: 50 } });
    expect([answer.route.kind, answer.hits.ordinals[0]]).toEqual(["walk", rowCount + 8]);
  });

  it("takes nothing in while a graph is copied to its file", async () => {
    const rows = sharedRowsOf(dimension, clusteredRows(seededRandom(9), 999, dimension));
    const disk = new MemoryDisk();
    const builder = await openBuilder({ spec: specOf(), rows, directory: "/data/index", disk });
    await builder.add(900);
    expect(await builder.upkeep("quiet")).toBe("now");
    expect(await builder.add(5)).toBe(0);
    await settle(builder);
    expect(await builder.add(5)).toBe(5);
  });

  it("loses no more than the damaged graph and those after it", async () => {
    const rows = sharedRowsOf(dimension, clusteredRows(seededRandom(1), rowCount, dimension));
    const options = { spec: { ...specOf(), graphRows: 1024 }, rows, directory: "/data/index" };
    const disk = new MemoryDisk();
    const builder = await openBuilder({ ...options, disk });
    await builder.add(rowCount);
    await builder.close();
    expect((await openBuilder({ ...options, disk })).indexed).toBe(rowCount);
    const names = await disk.list("/data/index");
    const second = names.find((name) => /^graph1-.*index$/.test(name))!;
    const file = await disk.open(join("/data/index", second), "write");
    await file.write(Uint8Array.of(1, 2, 3), 70_000);
    await file.close();
    expect((await openBuilder({ ...options, disk })).indexed).toBe(1024);
  });
});
