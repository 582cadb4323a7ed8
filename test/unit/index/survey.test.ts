/** A survey finds the rows that no path leads to, links them again, and loses none on the way. */
import { describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../../src/base/index.js";
import { SharedRows, type Metric } from "../../../src/index/index.js";
import type { SharedSpec } from "../../../src/index/index-spec.js";
import { header } from "../../../src/index/shared/graph-layout.js";
import { GraphLists } from "../../../src/index/shared/graph-lists.js";
import { SharedGraph } from "../../../src/index/shared/graph.js";
import { levelOf } from "../../../src/index/shared/levels.js";
import { sampleMean } from "../../../src/index/shared/mean.js";
import { surveyGraph, type GraphHealth } from "../../../src/index/shared/survey.js";
import { clusteredRows, looseRows, sharedRowsOf, someOf } from "../../conformance/index-fixture.js";

const dimension = 12;
const m = 6;

interface World {
  readonly graph: SharedGraph;
  readonly rows: SharedRows;
  readonly lists: GraphLists;
  readonly survey: () => Promise<GraphHealth>;
}

function worldOf(packed: Float32Array, metric: Metric = "l2"): World {
  const rows = sharedRowsOf(dimension, packed);
  const count = rows.committed;
  const of = { dimension, m, quantization: "int8", efConstruction: 60, recall: 0.98 } as const;
  const spec: SharedSpec = { type: "hnsw", engine: "shared", metric, ...of };
  const graph = SharedGraph.create(spec, 0, seededRandom(1));
  graph.centre(sampleMean(rows, metric, 0, count).mean);
  graph.reserve(count);
  for (let ordinal = 0; ordinal < count; ordinal++) {
    expect(graph.add(ordinal, rows.vector(ordinal), levelOf(ordinal, m))).toBe(true);
  }
  const options = { graph, rows, indexed: count, pause: () => Promise.resolve() };
  return { graph, rows, lists: new GraphLists(graph), survey: () => surveyGraph(options) };
}

/** Takes `lost` out of every list, on all levels. */
function cutOff({ graph, lists }: World, lost: ReadonlySet<number>, count: number): void {
  const words = new Uint32Array(graph.memory.buffer);
  for (let ordinal = 0; ordinal < count; ordinal++) {
    for (let level = 0; level <= levelOf(ordinal, m); level++) {
      const links = lists.links(ordinal, level);
      const left = links.filter((link) => !lost.has(link));
      links.set(left);
      words[links.byteOffset / 4 - 1] = left.length;
    }
  }
}

describe("survey of a graph", () => {
  it("finds nothing to mend in a graph that is whole", async () => {
    const world = worldOf(clusteredRows(seededRandom(1), 3000, dimension));
    const first = await world.survey();
    expect(first).toMatchObject({ rows: 3000, dead: 0, deadLinks: 0 });
    expect(first.relinked).toBeLessThan(10);
    expect(first.links).toBeGreaterThan(3000 * m);
    expect((await world.survey()).relinked).toBe(0);
  });

  it.each([1, 2, 3])("links rows again that were cut off (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const count = 2000;
    const world = worldOf(clusteredRows(random, count, dimension));
    await world.survey();
    const entry = world.lists.entry!.ordinal;
    const lost = new Set(someOf(random, 300, count).filter((one) => one !== entry));
    cutOff(world, lost, count);
    const health = await world.survey();
    // Some are found through others that were linked before them; some others hung on them alone.
    expect(health.relinked).toBeGreaterThan(lost.size / 2);
    expect(health.relinked).toBeLessThan(lost.size * 1.1);
    expect((await world.survey()).relinked).toBe(0);
    let found = 0;
    for (const ordinal of lost) {
      const query = world.rows.copyVector(ordinal);
      const { ordinals } = world.graph.walk({ query, wanted: 1, ef: 64, limit: count });
      if (ordinals[0] === ordinal) found++;
    }
    expect(found / lost.size).toBeGreaterThan(0.95);
  });

  it("makes lists that name each row once, never the row itself, none too long", async () => {
    const random = seededRandom(5);
    const world = worldOf(looseRows(random, 1500, dimension));
    cutOff(world, new Set(someOf(random, 700, 1500)), 1500);
    await world.survey();
    for (let ordinal = 0; ordinal < 1500; ordinal++) {
      const links = [...world.lists.links(ordinal, 0)];
      expect(links.length).toBeLessThanOrEqual(2 * m);
      expect(new Set(links).size).toBe(links.length);
      expect(links).not.toContain(ordinal);
    }
  });

  it("reaches thousands of duplicates, and what lies beyond them", async () => {
    const random = seededRandom(6);
    const packed = looseRows(random, 4000, dimension);
    for (let row = 500; row < 3500; row++) packed.copyWithin(row * dimension, 0, dimension);
    const world = worldOf(packed);
    await world.survey();
    expect((await world.survey()).relinked).toBe(0);
    const query = world.rows.copyVector(3999);
    const { ordinals } = world.graph.walk({ query, wanted: 1, ef: 64, limit: 4000 });
    expect(ordinals[0]).toBe(3999);
  });

  it("counts dead rows and the links to them, and links none of them again", async () => {
    const random = seededRandom(7);
    const world = worldOf(looseRows(random, 1000, dimension), "cosine");
    await world.survey();
    const dead = new Set(someOf(random, 250, 1000));
    for (const ordinal of dead) world.rows.markDead(ordinal);
    cutOff(world, new Set([...dead].slice(0, 50)), 1000);
    const health = await world.survey();
    expect([health.dead, health.relinked]).toEqual([250, 0]);
    expect(health.deadLinks / health.links).toBeGreaterThan(0.1);
    expect(health.deadLinks / health.links).toBeLessThan(0.3);
  });

  it("is nothing for a graph without rows, or with dead ones alone", async () => {
    const world = worldOf(new Float32Array(0));
    expect(await world.survey()).toMatchObject({ rows: 0, relinked: 0 });
    expect(new Uint32Array(world.graph.memory.buffer, header.entry, 1)[0]).toBe(0);
  });
});

describe("a row that a dead writer had begun", () => {
  it.each([1, 2, 3, 4])("is mended by being added again (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const count = 1200;
    const world = worldOf(clusteredRows(random, count, dimension));
    const { graph, rows, lists } = world;
    await world.survey();
    const begun = randomBelow(random, count);
    const links = [...lists.links(begun, 0)];
    // As if its writer had died before anyone linked back, while it held a neighbour's lock.
    cutOff(world, new Set(lists.entry!.ordinal === begun ? [] : [begun]), count);
    const { rowsBase, stride, codeBytes, slotBytes } = graph.layout;
    const words = new Uint32Array(graph.memory.buffer);
    const flags = (rowsBase + links[0]! * stride + codeBytes + 12) / 4;
    words[flags] = words[flags]! | (65_536 + 7 * slotBytes);
    expect(graph.add(begun, rows.vector(begun), levelOf(begun, m))).toBe(false);
    graph.releaseLocks(7, count);
    expect(words[flags]).toBe(0);
    expect(graph.add(begun, rows.vector(begun), levelOf(begun, m))).toBe(true);
    expect(lists.links(begun, 0)).not.toContain(begun);
    expect((await world.survey()).relinked).toBeLessThanOrEqual(1);
    const query = rows.copyVector(begun);
    expect(graph.walk({ query, wanted: 1, ef: 64, limit: count }).ordinals[0]).toBe(begun);
  });
});
