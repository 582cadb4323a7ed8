/**
 * The centroids of an index, from a sample of its rows. It runs wherever there is a thread to spare:
 * what it takes and gives survives a structured clone.
 */
import { assert, randomBelow, seededRandom } from "../../base/index.js";
import { sampleMean } from "../shared/mean.js";
import { unitScale, type Metric } from "../metric.js";
import { SharedRows, type SharedRowsHandle } from "../shared-rows.js";
import { Workbench } from "./workbench.js";

export interface TrainingRequest {
  readonly rows: SharedRowsHandle;
  readonly metric: Metric;
  /** Ordinals below are sampled. */
  readonly indexed: number;
  readonly lists: number;
  readonly seed: number;
}

export interface Training {
  /** What rows are centred by, of unit length for cosine. */
  readonly mean: Float32Array;
  /** Scaled and centred. */
  readonly centroids: readonly Float32Array[];
}

/** Rows sampled for each list; more gain little (docs/INDEXES.md). */
const sampledPerList = 40;
const roundsMax = 6;

/** Errors: `STORAGE_FULL` when there is no memory to work in. */
export async function train(
  request: TrainingRequest,
  pause?: () => Promise<void>,
): Promise<Training> {
  const { metric, lists, seed } = request;
  const rows = SharedRows.attach(request.rows, 0);
  const random = seededRandom(seed);
  const { mean } = sampleMean(rows, metric, 0, rows.committed);
  const bench = new Workbench(rows.dimension);
  const sample = sampleOf(rows, request, Math.max(256, lists * sampledPerList));
  assert(sample.length > 0, "rows to train with");
  bench.clear(sample.length, lists);
  for (const ordinal of sample) bench.addVector(pointOf(rows.vector(ordinal), metric, mean));
  const means = bench.means({ count: lists, rounds: roundsMax, random });
  for (;;) {
    const step = means.next();
    if (step.done) return { mean, centroids: step.value };
    await pause?.();
  }
}

/** A vector as codes are made of it. */
export function pointOf(vector: Float32Array, metric: Metric, mean: Float32Array): Float32Array {
  const scale = metric === "cosine" ? unitScale(vector) : 1;
  return vector.map((value, at) => value * scale - (mean[at] as number));
}

/** Different live rows, evenly spread with some chance; in order. */
function sampleOf(rows: SharedRows, { indexed, seed }: TrainingRequest, wanted: number): number[] {
  const random = seededRandom(seed ^ 0x5eed);
  const step = Math.max(1, indexed / wanted);
  const sample: number[] = [];
  for (let from = 0; from < indexed; from += step) {
    const first = Math.floor(from);
    const end = Math.min(indexed, Math.floor(from + step));
    const ordinal = first + randomBelow(random, Math.max(1, end - first));
    if (!rows.isDead(ordinal)) sample.push(ordinal);
  }
  return sample;
}
