/** What the index suite cannot see of an index of lists: how lists come, go, and are read meanwhile. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SystemDisk, seededRandom } from "../../../src/base/index.js";
import {
  attachReader,
  metrics,
  openBuilder,
  selectIndex,
  SharedRows,
  type IndexBuilder,
  type Metric,
} from "../../../src/index/index.js";
import type { IvfSpec } from "../../../src/index/index-spec.js";
import { slot } from "../../../src/index/ivf/list-layout.js";
import { ListMemory } from "../../../src/index/ivf/list-memory.js";
import { clusteredRows, sharedRowsOf } from "../../conformance/index-fixture.js";
import { settleLists } from "./settle-lists.js";

const dimension = 12;
const rowCount = 3000;
const allLists = 16_384;
const readerSlot = 5;

describe("an index of lists", () => {
  let directory: string;
  const builders: IndexBuilder[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "dvesp-ivf-"));
  });
  afterEach(async () => {
    for (const builder of builders.splice(0)) await builder.close();
    await rm(directory, { recursive: true });
  });

  const rowsOf = (seed: number): SharedRows => {
    const rows = SharedRows.create({ dimension });
    rows.reserve(rowCount);
    rows.write(0, clusteredRows(seededRandom(seed), rowCount, dimension, 30));
    rows.publish(rowCount);
    rows.commit(rowCount);
    return rows;
  };
  const openLists = async (rows: SharedRows, metric: Metric = "l2", lists?: number) => {
    const spec = selectIndex({ dimension, metric, index: { type: "ivf", lists } }, 0) as IvfSpec;
    const builder = await openBuilder({ spec, rows, directory, disk: new SystemDisk() });
    builders.push(builder);
    if (!builder.rebalancing) throw new Error("an index of lists");
    return { spec, builder, rebalancing: builder.rebalancing };
  };

  it("has about as many lists as the square root of its rows, none of them far too large", async () => {
    const { builder, rebalancing } = await openLists(rowsOf(1));
    await builder.add(rowCount);
    expect(rebalancing.facts()).toMatchObject({ lists: 1, trained_rows: 0, oversized: 1 });
    await settleLists(builder);
    const facts = rebalancing.facts();
    expect(facts).toMatchObject({ rows: rowCount, trained_rows: rowCount, oversized: 0 });
    expect(facts.lists_wanted).toBe(55);
    expect(facts.lists).toBeGreaterThan(30);
    expect(facts.lists).toBeLessThan(110);
    expect(facts.largest).toBeLessThanOrEqual((2 * rowCount) / facts.lists_wanted);
  });

  it("makes the same lists from the same rows", async () => {
    const facts = [];
    for (const name of ["one", "other"]) {
      const spec = selectIndex({ dimension, metric: "l2", index: { type: "ivf" } }, 0);
      const own = join(directory, name);
      const disk = new SystemDisk();
      const builder = await openBuilder({ spec, rows: rowsOf(2), directory: own, disk });
      builders.push(builder);
      await builder.add(rowCount);
      await settleLists(builder);
      facts.push(builder.rebalancing?.facts());
    }
    expect(facts[0]).toEqual(facts[1]);
  });

  it.each(metrics)("answers from all rows after every slice of every step (%s)", async (metric) => {
    const rows = rowsOf(3);
    const { builder, rebalancing } = await openLists(rows, metric, 40);
    await builder.add(rowCount);
    const reader = await attachReader(await builder.publish(), rows);
    const query = rows.copyVector(77);
    const exact = reader.search({ query, k: 1000, effort: { recall: 1 } }).hits.ordinals;
    const steps = [{ kind: "train" }, { kind: "split", lists: 50 }, { kind: "merge", lists: 50 }];
    let slices = 0;
    for (const step of steps as Parameters<typeof rebalancing.begin>[0][]) {
      await rebalancing.begin(step);
      for (let state = "more"; state === "more"; slices++) {
        state = rebalancing.advance();
        const { hits, route } = reader.search({ query, k: 1000, effort: { nprobe: allLists } });
        expect(route).toMatchObject({ kind: "probe", compared: rowCount });
        expect(hits.ordinals.filter((one) => exact.includes(one)).length).toBeGreaterThan(990);
      }
    }
    expect(slices).toBeGreaterThan(20);
    reader.close();
  });

  it("shows a search that has begun the lists that there were, each row once", async () => {
    const rows = rowsOf(4);
    const { builder, rebalancing, spec } = await openLists(rows);
    await builder.add(rowCount);
    await settleLists(builder);
    const publication = await builder.publish();
    if (publication.engine !== "ivf") throw new Error("a publication of lists");
    const { lists } = rebalancing.facts();
    const memory = ListMemory.attach(spec, publication.memory, readerSlot);
    memory.load(rows.copyVector(9));
    memory.kernels.openSearch(memory.scratch);
    await rebalancing.begin({ kind: "train" });
    let state = rebalancing.advance();
    while (state === "more") state = rebalancing.advance();
    expect(state).toBe("done");
    // The other tables are free again, but nothing that the search still reads is.
    await rebalancing.begin({ kind: "train" });
    for (let turn = 0; turn < 1000 && state !== "waiting"; turn++) state = rebalancing.advance();
    const { kernels, scratch } = memory;
    expect(
      kernels.probe(scratch, allLists, rowCount * 2, rowCount, rowCount, 0, rowCount * 2),
    ).toBe(0);
    const count = kernels.closeSearch(scratch);
    const words = new Uint32Array(publication.memory.buffer, scratch, slot.lists / 4);
    expect(words[slot.listsProbed / 4]).toBe(lists);
    const found = words.slice(slot.pool / 4, slot.pool / 4 + count);
    expect(new Set(found).size).toBe(rowCount);
  });

  it("stops in the middle of a list when its time is over, and answers the next in full", async () => {
    const count = 30_000;
    const packed = clusteredRows(seededRandom(6), count, dimension, 30);
    const rows = sharedRowsOf(dimension, packed);
    const { builder } = await openLists(rows);
    await builder.add(count);
    const reader = await attachReader(await builder.publish(), rows);
    let asked = 0;
    const search = (stopsAt: number) => {
      asked = 0;
      const shouldStop = (): boolean => ++asked === stopsAt;
      const query = { query: rows.copyVector(9), k: 5, effort: { nprobe: 1 } };
      return reader.search({ ...query, shouldStop });
    };
    // All rows are in one list as yet.
    const { hits, route } = search(0);
    expect(route).toEqual({ kind: "probe", lists: 1, compared: count });
    expect(asked).toBe(4);
    for (const stopsAt of [1, 2, 4]) {
      expect(() => search(stopsAt)).toThrow(expect.objectContaining({ code: "TIMEOUT" }));
      expect(asked).toBe(stopsAt);
      expect(search(0).hits).toEqual(hits);
    }
    reader.close();
  });

  it("gives memory back: rebalancing again and again takes no more of it", async () => {
    const rows = rowsOf(5);
    const { builder, rebalancing } = await openLists(rows);
    await builder.add(rowCount);
    const publication = await builder.publish();
    if (publication.engine !== "ivf") throw new Error("a publication of lists");
    const bytes: number[] = [];
    for (let round = 0; round < 6; round++) {
      await rebalancing.begin({ kind: "train" });
      while (rebalancing.advance() === "more");
      bytes.push(publication.memory.buffer.byteLength);
    }
    expect(bytes[5]).toBe(bytes[1]);
  });

  it("goes on from a snapshot with its lists, and leaves it where rows are others", async () => {
    const rows = rowsOf(6);
    const first = await openLists(rows);
    await first.builder.add(rowCount - 100);
    await settleLists(first.builder);
    await first.builder.publish();
    const before = first.rebalancing.facts();
    await builders.pop()?.close();
    rows.markDead(7);
    const second = await openLists(rows);
    expect(second.builder.indexed).toBe(rowCount - 100);
    expect(second.rebalancing.facts()).toMatchObject({
      rows: rowCount - 100,
      lists: before.lists,
      largest: before.largest,
      trained_rows: before.trained_rows,
    });
    const reader = await attachReader(await second.builder.publish(), rows);
    for (const ordinal of [0, 6, 8, 2899]) {
      const query = rows.copyVector(ordinal);
      const { hits, route } = reader.search({ query, k: 3, effort: { nprobe: 4 } });
      expect(route).toMatchObject({ kind: "probe", lists: 4 });
      expect(hits.ordinals[0]).toBe(ordinal);
    }
    reader.close();
    const others = await openLists(rowsOf(7));
    expect(others.builder.indexed).toBe(0);
  });

  it("says how far added rows lie from where rows were", async () => {
    const rows = rowsOf(8);
    const { builder, rebalancing } = await openLists(rows);
    await builder.add(rowCount - 1000);
    await settleLists(builder);
    expect(rebalancing.facts().drift).toBeCloseTo(1, 5);
    await builder.add(500);
    expect(rebalancing.facts().drift).toBeLessThan(1.2);
    const far = SharedRows.create({ dimension });
    far.reserve(rowCount + 2000);
    far.write(0, clusteredRows(seededRandom(8), rowCount, dimension, 30));
    far.write(
      rowCount,
      clusteredRows(seededRandom(9), 2000, dimension, 1).map((value) => value + 20),
    );
    far.publish(rowCount + 2000);
    far.commit(rowCount + 2000);
    const moved = await openLists(far, "l2", 55);
    await moved.builder.add(rowCount - moved.builder.indexed);
    await settleLists(moved.builder);
    await moved.builder.add(2000);
    expect(moved.rebalancing.facts().drift).toBeGreaterThan(2);
  });
});
