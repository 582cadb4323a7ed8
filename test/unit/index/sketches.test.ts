/** Sketches against a float64 model: right on average, and as far off as they say. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import { metrics, SharedRows } from "../../../src/index/index.js";
import { header, slot } from "../../../src/index/shared/graph-layout.js";
import { SharedGraph } from "../../../src/index/shared/graph.js";
import { sampleMean } from "../../../src/index/shared/mean.js";
import type { SharedSpec } from "../../../src/index/index-spec.js";
import { pageBytes } from "../../../src/index/row-layout.js";
import {
  clusteredRows,
  looseRows,
  queryNear,
  trueDistance,
} from "../../conformance/index-fixture.js";

const count = 600;

interface Made {
  readonly rows: SharedRows;
  readonly graph: SharedGraph;
  /** What codes stand for: scaled and centred as the metric asks. */
  readonly toCentred: (vector: Float32Array) => Float64Array;
}

type Kind = Pick<SharedSpec, "metric" | "quantization">;

function make({ metric, quantization }: Kind, dimension: number, packed: Float32Array): Made {
  const rows = SharedRows.create({ dimension });
  const rowCount = packed.length / dimension;
  rows.reserve(rowCount);
  rows.write(0, packed);
  rows.publish(rowCount);
  rows.commit(rowCount);
  const settings = { m: 16, quantization, efConstruction: 80, recall: 0.98 } as const;
  const spec: SharedSpec = { type: "hnsw", engine: "shared", metric, dimension, ...settings };
  const graph = SharedGraph.create(spec, 0, seededRandom(1));
  const { mean } = sampleMean(rows, metric, 0, rowCount);
  graph.centre(mean);
  graph.reserve(rowCount);
  for (let ordinal = 0; ordinal < rowCount; ordinal++) {
    graph.add(ordinal, rows.vector(ordinal), ordinal % 16 === 0 ? 1 : 0);
  }
  const toCentred = (vector: Float32Array): Float64Array => {
    const length = metric === "cosine" ? Math.hypot(...vector) : 1;
    return Float64Array.from(vector, (value, at) => value / length - mean[at]!);
  };
  return { rows, graph, toCentred };
}

function dot(left: Float64Array, right: Float64Array): number {
  return left.reduce((sum, value, at) => sum + value * right[at]!, 0);
}

function bits(word: bigint): number {
  return word.toString(2).replaceAll("0", "").length;
}

/** Factor × inner product as row `ordinal` and the last query estimate it, as sketch.ts says. */
function estimate({ graph }: Made, ordinal: number): { product: number; slack: number } {
  const { buffer } = graph.memory;
  const { components, sketchBase, sketchStride, sketchBits } = graph.layout;
  const words = new BigUint64Array(buffer);
  const floats = new Float32Array(buffer);
  const planeWords = Math.ceil(components / 128) * 2;
  const row = (sketchBase + ordinal * sketchStride) / 8;
  const query = (pageBytes + slot.sketchQuery) / 8;
  let sum = 0;
  for (let bit = 0; bit < sketchBits; bit++) {
    for (let at = 0; at < planeWords; at++) {
      const word = words[row + bit * planeWords + at]!;
      const low = bits(word & words[query + 2 + 2 * at]!);
      sum += 2 ** bit * (low + 2 * bits(word & words[query + 3 + 2 * at]!));
    }
  }
  const fields = (row + sketchBits * planeWords) * 2;
  const [factor = 0, shift = 0, , slack = 0] = floats.subarray(fields, fields + 4);
  const [, reach = 0, step = 0, base = 0] = floats.subarray(query * 2, query * 2 + 4);
  return { product: factor * step * (sum - shift - base), slack: slack * reach };
}

const kinds = metrics.flatMap((metric) =>
  (["int8", "none"] as const).map((quantization) => ({ metric, quantization })),
);

describe.each(kinds)("sketches, $metric, $quantization", (kind) => {
  const { metric } = kind;

  it.each([96, 100, 128, 384, 784, 1000])("estimate products at %i d", (dimension) => {
    const random = seededRandom(dimension);
    const made = make(kind, dimension, looseRows(random, count, dimension));
    expect(made.graph.layout.sketchBits).toBeGreaterThanOrEqual(1);
    const query = queryNear(random, made.rows.copyVector(7), 0.5);
    made.graph.walk({ query, wanted: 10, ef: 10, limit: count });
    const asked = made.toCentred(query);
    const factor = metric === "dot_product" ? 1 : 2;
    let sum = 0;
    let squares = 0;
    for (let ordinal = 0; ordinal < count; ordinal++) {
      const truth = factor * dot(asked, made.toCentred(made.rows.copyVector(ordinal)));
      const { product, slack } = estimate(made, ordinal);
      // A bound lies half a standard deviation below the estimate.
      const error = (product - truth) / (2 * slack);
      sum += error;
      squares += error * error;
    }
    expect(Math.abs(sum / count)).toBeLessThan(0.3);
    expect(Math.sqrt(squares / count)).toBeGreaterThan(0.6);
    expect(Math.sqrt(squares / count)).toBeLessThan(1.3);
  });

  it.each([128, 784])("lose none of what walks find at %i d", (dimension) => {
    const random = seededRandom(3);
    const { rows, graph } = make(kind, dimension, clusteredRows(random, 2000, dimension));
    const words = new Uint32Array(graph.memory.buffer);
    const found = (ordinals: Uint32Array, nearest: ReadonlySet<number>): number =>
      [...ordinals].filter((ordinal) => nearest.has(ordinal)).length;
    let sketched = 0;
    let plain = 0;
    for (let round = 0; round < 20; round++) {
      const query = queryNear(random, rows.copyVector(round * 90));
      const distances = Array.from({ length: 2000 }, (_, ordinal) =>
        trueDistance(metric, query, rows.vector(ordinal)),
      );
      const byDistance = [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!);
      const nearest = new Set(byDistance.slice(0, 10));
      const walk = { query, wanted: 14, ef: 30, limit: 2000 };
      sketched += found(graph.walk(walk).ordinals, nearest);
      const kept = words[header.sketchBits / 4]!;
      words[header.sketchBits / 4] = 0;
      plain += found(graph.walk(walk).ordinals, nearest);
      words[header.sketchBits / 4] = kept;
    }
    expect(sketched).toBeGreaterThanOrEqual(plain - 3);
  });
});
