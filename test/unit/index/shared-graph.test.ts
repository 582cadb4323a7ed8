/** The graph kernels: codes and their order against a float64 model, and what every graph obeys. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import { AllowList, metrics, SharedRows, type Metric } from "../../../src/index/index.js";
import { efMax, graphLayout, header } from "../../../src/index/shared/graph-layout.js";
import { SharedGraph } from "../../../src/index/shared/graph.js";
import { sampleMean } from "../../../src/index/shared/mean.js";
import type { Quantization, SharedSpec } from "../../../src/index/index-spec.js";
import {
  clusteredRows,
  looseRows,
  queryNear,
  sharedRowsOf,
} from "../../conformance/index-fixture.js";

const gibi = 2 ** 30;

function specOf(
  metric: Metric,
  dimension: number,
  m = 16,
  quantization: Quantization = "int8",
): SharedSpec {
  const settings = { metric, dimension, m, quantization, efConstruction: 80, recall: 0.98 };
  return { type: "hnsw", engine: "shared", ...settings };
}

/** Row `o` reaches level 1 when 8 divides `o`, level 2 when 64 does, and so on. */
function levelOf(ordinal: number): number {
  let level = 0;
  for (let rest = ordinal; rest > 0 && rest % 8 === 0; rest /= 8) level++;
  return level;
}

function graphOf(spec: SharedSpec, rows: SharedRows): SharedGraph {
  const graph = SharedGraph.create(spec, 0, seededRandom(1));
  graph.centre(sampleMean(rows, spec.metric, 0, rows.written).mean);
  graph.reserve(rows.written);
  for (let ordinal = 0; ordinal < rows.written; ordinal++) {
    graph.add(ordinal, rows.vector(ordinal), levelOf(ordinal));
  }
  return graph;
}

/** What the code of a vector stands for, in float64. */
function decoded(
  vector: Float32Array,
  mean: Float32Array,
  { metric, quantization }: Pick<SharedSpec, "metric" | "quantization">,
): Float64Array {
  const length = metric === "cosine" ? Math.hypot(...vector) : 1;
  const centred = Float64Array.from(vector, (value, at) => value / length - mean[at]!);
  if (quantization === "none") return centred;
  const scale = Math.max(...centred.map(Math.abs)) / 127;
  return centred.map((value) => (scale === 0 ? 0 : Math.round(value / scale) * scale));
}

function score(metric: Metric, left: Float64Array, right: Float64Array): number {
  let sum = 0;
  left.forEach((value, at) => {
    sum += metric === "dot_product" ? -value * right[at]! : (value - right[at]!) ** 2;
  });
  return sum;
}

interface Links {
  readonly level: number;
  readonly to: readonly number[];
}

/** All lists of a graph, read from its memory as src/kernels/hnsw/layout.ts says. */
function linksOf(graph: SharedGraph, ordinal: number, m: number): Links[] {
  const words = new Uint32Array(graph.memory.buffer);
  const { rowsBase, stride, codeBytes } = graph.layout;
  const fields = (rowsBase + ordinal * stride + codeBytes) / 4;
  const listAt = (at: number, level: number): Links => ({
    level,
    to: [...words.subarray(at + 1, at + 1 + words[at]!)],
  });
  const lists = [listAt(fields + 4, 0)];
  const upper = words[fields + 2]! / 4;
  for (let level = 1; level <= levelOf(ordinal); level++) {
    lists.push(listAt(upper + (level - 1) * (m + 1), level));
  }
  return lists;
}

describe("layout of a graph", () => {
  it.each([
    [1, 2, "int8"],
    [16, 16, "int8"],
    [128, 16, "int8"],
    [384, 128, "int8"],
    [784, 16, "int8"],
    [1536, 48, "int8"],
    [4096, 128, "int8"],
    [1, 2, "none"],
    [784, 16, "none"],
    [4096, 128, "none"],
  ] as const)(
    "keeps its parts apart and inside 4 GiB (%i d, m %i, %s)",
    (dimension, m, quantization) => {
      const layout = graphLayout({ dimension, m, quantization });
      const end = layout.rowsBase + layout.rowsMax * layout.stride;
      expect(end).toBeLessThanOrEqual(4 * gibi - 65_536);
      expect(end).toBeGreaterThan(3.5 * gibi);
      expect(layout.stride).toBeGreaterThanOrEqual(layout.codeBytes + 20 + 8 * m);
      expect(layout.bitmapBytes * 8).toBeGreaterThanOrEqual(layout.rowsMax);
      // Upper lists take 4 × (m + 1) bytes per level, and 1 / (m - 1) levels per row on average.
      const upperBytes = (layout.rowsMax * 4 * (m + 1)) / (m - 1);
      expect(layout.rowsBase - layout.upperBase).toBeGreaterThan(1.2 * upperBytes);
    },
  );

  it("has no room for more rows than fit", () => {
    const graph = SharedGraph.create(specOf("l2", 4096), 0, seededRandom(1));
    expect(graph.reserve(graph.layout.rowsMax + 1)).toBe(false);
    expect(graph.reserve(1000)).toBe(true);
  });
});

const kinds = metrics.flatMap((metric) =>
  (["int8", "none"] as const).map((quantization) => ({ metric, quantization })),
);

describe.each(kinds)("graph kernels, $metric, $quantization", ({ metric, quantization }) => {
  it.each([2, 3, 15, 16, 17, 33, 100, 784])("order rows by their codes at %i d", (dimension) => {
    const random = seededRandom(dimension);
    const rows = sharedRowsOf(dimension, looseRows(random, 300, dimension));
    const graph = graphOf(specOf(metric, dimension, 16, quantization), rows);
    const { mean } = sampleMean(rows, metric, 0, rows.written);
    const query = queryNear(random, rows.copyVector(7));
    const { ordinals } = graph.walk({ query, wanted: 300, ef: 300, limit: 300 });
    expect(new Set(ordinals).size).toBe(ordinals.length);
    // A few rows may be out of reach by inner product, where nothing is near to itself.
    expect(ordinals.length).toBeGreaterThanOrEqual(metric === "dot_product" ? 200 : 290);
    const asked = decoded(query, mean, { metric, quantization });
    const scores = [...ordinals].map((ordinal) =>
      score(metric, asked, decoded(rows.copyVector(ordinal), mean, { metric, quantization })),
    );
    const span = Math.max(...scores.map(Math.abs));
    for (let at = 1; at < scores.length; at++) {
      expect(scores[at]! - scores[at - 1]!).toBeGreaterThan(-1e-4 * span);
    }
  });

  it("make lists that name rows of that level, once, never the row itself", () => {
    const m = 6;
    const count = 3000;
    const rows = sharedRowsOf(12, clusteredRows(seededRandom(3), count, 12));
    const graph = graphOf(specOf(metric, 12, m, quantization), rows);
    for (let ordinal = 0; ordinal < count; ordinal++) {
      for (const { level, to } of linksOf(graph, ordinal, m)) {
        expect(to.length).toBeLessThanOrEqual(level === 0 ? 2 * m : m);
        expect(new Set(to).size).toBe(to.length);
        expect(to.filter((one) => one === ordinal || levelOf(one) < level)).toEqual([]);
        expect(Math.max(-1, ...to)).toBeLessThan(count);
      }
    }
    const [entry] = new BigUint64Array(graph.memory.buffer, header.entry, 1);
    // The highest level of 3,000 rows is 3, first reached by row 512.
    expect(entry).toBe((3n << 32n) | 513n);
  });

  it("leave out removed rows, rows from the limit on, and those not allowed", () => {
    const rows = sharedRowsOf(8, looseRows(seededRandom(4), 500, 8));
    const graph = graphOf(specOf(metric, 8, 16, quantization), rows);
    const removed = [3, 33, 333];
    for (const ordinal of removed) graph.remove(ordinal);
    const allow = AllowList.of(
      [...Array(500).keys()].filter((ordinal) => ordinal % 3 === 0),
      500,
    );
    const query = rows.copyVector(33);
    const { ordinals, count } = graph.walk({ query, wanted: 40, ef: 500, limit: 400, allow });
    expect(ordinals).toHaveLength(40);
    expect(count).toBeGreaterThan(metric === "dot_product" ? 40 : 125);
    const wrong = (ordinal: number): boolean =>
      removed.includes(ordinal) || ordinal >= 400 || ordinal % 3 !== 0;
    expect([...ordinals].filter(wrong)).toEqual([]);
    expect(removed.map((ordinal) => graph.isRemoved(ordinal))).toEqual([true, true, true]);
  });

  it("admit no row beyond an allow-list's end, and read none beyond their own", () => {
    const rows = sharedRowsOf(8, looseRows(seededRandom(4), 500, 8));
    const graph = graphOf(specOf(metric, 8, 16, quantization), rows);
    const walk = (allow: AllowList, limit: number): number[] => [
      ...graph.walk({ query: rows.copyVector(1), wanted: 500, ef: 500, limit, allow }).ordinals,
    ];
    const all = AllowList.of(Array(500).keys(), 500);
    expect(Math.max(...walk(all, 500))).toBeGreaterThanOrEqual(400);
    expect(Math.max(...walk(AllowList.of(Array(40).keys(), 40), 500))).toBeLessThan(40);
    const long = AllowList.of(Array(40).keys(), 8 * graph.layout.rowsMax);
    expect(Math.max(...walk(long, 500))).toBeLessThan(40);
  });

  it("take numbers at the ends of float32 without losing a row", () => {
    const extremes = [0, 1e-45, -1e-38, 1e-20, 1, -1e20, 3.4e38, -3.4e38];
    const random = seededRandom(5);
    const packed = Float32Array.from(
      { length: 200 * 8 },
      () => extremes[Math.floor((random.uint32() / 2 ** 32) * extremes.length)]!,
    );
    const rows = sharedRowsOf(8, packed);
    const graph = graphOf(specOf(metric, 8, 16, quantization), rows);
    for (let ordinal = 0; ordinal < 200; ordinal += 7) {
      const query = rows.copyVector(ordinal);
      const { ordinals } = graph.walk({ query, wanted: 200, ef: efMax, limit: 200 });
      expect(new Set(ordinals).size).toBe(ordinals.length);
      expect(ordinals.length).toBeGreaterThan(0);
    }
  });
});
