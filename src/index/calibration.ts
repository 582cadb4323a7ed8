/**
 * How hard a graph must be searched to reach a recall, measured on the graph itself: sample queries
 * are answered exactly and by walks of rising effort, and the table of both says what effort buys.
 *
 * A stored row makes too easy a query, and so does a point between two rows. A sample is a row moved
 * in a random direction by the distance to its tenth neighbour: on three real sets that needs the
 * same effort as queries from outside (docs/INDEXES.md). Queries unlike the rows need more.
 */
import { randomBelow, randomFraction, type Random } from "../base/index.js";
import type { ExactScanner } from "./exact-scanner.js";
import type { Hits } from "./hits.js";
import { unitScale, type Metric } from "./metric.js";
import type { SearchEffort } from "./index-spec.js";

/** Recall that one effort reaches, among the 10 and the 100 nearest: mean less standard error. */
export interface CalibrationStep {
  readonly ef: number;
  readonly recallAt10: number;
  /** Measured from `ef` 100 on; 0 below. */
  readonly recallAt100: number;
}

/** Rising in `ef`. Empty while there are so few rows that a scan is as fast: then search exactly. */
export type Calibration = readonly CalibrationStep[];

/** With fewer rows than this nothing is measured. */
export const calibrationRowsMin = 1000;

const sampleCount = 128;
const efSteps = [
  12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024,
];
/** The neighbour, counted from the row itself, whose distance a sample is moved by. */
const neighbour = 11;
/** Effort with which that neighbour is looked for. */
const neighbourEf = 64;
/** Nothing is left to gain from here on. */
const recallEnough = 0.999;

/** What one walk of effort `ef` finds, as exactly ranked hits. */
export type Walk = (query: Float32Array, k: number, ef: number) => Hits;

export interface CalibrationInput {
  readonly scanner: ExactScanner;
  readonly metric: Metric;
  /** The rows [0, indexed) are measured. */
  readonly indexed: number;
  readonly walk: Walk;
  readonly random: Random;
  /** Lets other work of the thread run; called after every scan and walk. */
  readonly pause: () => Promise<void>;
}

/** Measures recall over rising efforts. Costs 128 exact scans and up to 2,700 walks. */
export async function calibrate(input: CalibrationInput): Promise<Calibration> {
  if (input.indexed - input.scanner.rows.dead < calibrationRowsMin) return [];
  const samples: Sample[] = [];
  for (let count = 0; count < sampleCount; count++) {
    samples.push(takeSample(input));
    await input.pause();
  }
  const steps: CalibrationStep[] = [];
  for (const ef of efSteps) {
    const step = await measure(input, samples, ef);
    steps.push(step);
    if (Math.min(step.recallAt10, step.recallAt100) >= recallEnough) break;
  }
  return steps;
}

/**
 * The `ef` for `k` hits, on a curve through those measured for 10 and 100 (a straight line from 100
 * on), or undefined where only an exact scan will do: the recall is 1, or more than
 * any effort measured reached, or nothing was measured.
 */
export function chooseEf(
  calibration: Calibration,
  { ef, recall = 1 }: SearchEffort,
  k: number,
): number | undefined {
  if (ef !== undefined) return ef;
  if (recall >= 1) return undefined;
  const forTen = calibration.find((step) => step.recallAt10 >= recall)?.ef;
  if (k <= 10 || forTen === undefined) return forTen;
  const forHundred = calibration.find((step) => step.recallAt100 >= recall)?.ef;
  if (forHundred === undefined) return undefined;
  if (k >= 100) return Math.ceil((forHundred * k) / 100);
  return Math.ceil(forTen * (forHundred / forTen) ** Math.log10(k / 10));
}

interface Sample {
  readonly query: Float32Array;
  readonly nearest: Hits;
}

function takeSample(input: CalibrationInput): Sample {
  const { scanner, metric, indexed, random } = input;
  const row = scanner.rows.copyVector(randomBelow(random, indexed));
  const query = moved(row, neighbourDistance(input, row), random);
  const nearest = scanner.scan({ query, metric, k: 100 }, { from: 0, to: indexed });
  return { query, nearest };
}

/**
 * Euclidean distance to a near neighbour. By cosine, after scaling it to the length of `row`; by
 * inner product the nearest are not near, so that they are looked for by a scan.
 */
function neighbourDistance(
  { scanner, metric, indexed, walk }: CalibrationInput,
  row: Float32Array,
): number {
  const { distances } =
    metric === "dot_product"
      ? scanner.scan({ query: row, metric: "l2", k: neighbour }, { from: 0, to: indexed })
      : walk(row, neighbour, neighbourEf);
  const distance = distances.at(-1) ?? 0;
  if (metric !== "cosine") return distance;
  const scale = unitScale(row);
  return scale === 0 ? 0 : Math.sqrt(2 * distance) / scale;
}

/** `row` moved by `distance` in a random direction. */
function moved(row: Float32Array, distance: number, random: Random): Float32Array {
  const direction = Float32Array.from(row, () => normal(random));
  const step = distance * unitScale(direction);
  return row.map((value, at) => value + (direction[at] as number) * step);
}

/** A normally distributed number (Box and Muller). */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - randomFraction(random)));
  return radius * Math.cos(2 * Math.PI * randomFraction(random));
}

async function measure(
  { walk, pause }: CalibrationInput,
  samples: readonly Sample[],
  ef: number,
): Promise<CalibrationStep> {
  const recallsAt10: number[] = [];
  const recallsAt100: number[] = [];
  for (const { query, nearest } of samples) {
    const found = walk(query, Math.min(ef, 100), ef);
    recallsAt10.push(recallOf(found, nearest, 10));
    recallsAt100.push(ef < 100 ? 0 : recallOf(found, nearest, 100));
    await pause();
  }
  return { ef, recallAt10: lowerMean(recallsAt10), recallAt100: lowerMean(recallsAt100) };
}

/** The mean of a sample, less its standard error. */
function lowerMean(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.max(0, mean - Math.sqrt(squares / (values.length - 1) / values.length));
}

/** Share of the `k` nearest that are as near as the truth says, so that ties count as found. */
function recallOf(found: Hits, nearest: Hits, k: number): number {
  const wanted = Math.min(k, nearest.distances.length);
  const farthest = nearest.distances[wanted - 1] as number;
  let count = 0;
  for (const distance of found.distances.subarray(0, wanted)) if (distance <= farthest) count++;
  return count / wanted;
}
