/**
 * How hard a graph must be searched to reach a recall, measured on the graph itself: sample queries
 * (calibration-samples.ts) are answered exactly and by walks of rising effort, and the table of both
 * says what effort buys.
 */
import { present, type Random } from "../base/index.js";
import { CalibrationSamples, truthCount } from "./calibration-samples.js";
import type { Sample, Slices, Walk } from "./calibration-samples.js";
import type { ExactScanner } from "./exact-scanner.js";
import type { Hits } from "./hits.js";
import type { SearchEffort } from "./index-spec.js";
import type { Metric } from "./metric.js";

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

const efSteps = [
  12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024,
];
/** The last of them: what a search gets that asks for more than any effort reached. */
const efLargest = 1024;
/** Nothing is left to gain from here on. */
const recallEnough = 0.999;
/** A sample whose nearest were all found by so many efforts in a row is not walked for again. */
const foundInRow = 2;
/** Candidates of the walks after which other work gets its turn: about a millisecond. */
const sliceCandidates = 500;

export interface CalibrationInput {
  readonly scanner: ExactScanner;
  readonly metric: Metric;
  /** The rows [0, indexed) are measured. */
  readonly indexed: number;
  readonly walk: Walk;
  readonly random: Random;
  /** Lets other work of the thread run; called after every few milliseconds. */
  readonly pause: () => Promise<void>;
}

/** Measures recall over rising efforts with new samples: 128 exact scans and up to 2,700 walks. */
export async function calibrate(input: CalibrationInput): Promise<Calibration> {
  const { scanner, indexed, walk, pause } = input;
  if (indexed - scanner.rows.dead < calibrationRowsMin) return [];
  const samples = new CalibrationSamples({ ...input, hides: false, walkTo: () => walk });
  const preparing = samples.bringUpTo(indexed, 0);
  while (preparing.next().done !== true) await pause();
  const measuring = measureRecall(samples.all, walk, scanner);
  for (;;) {
    const { done, value } = measuring.next();
    if (done === true) return value;
    await pause();
  }
}

/**
 * The recall of walks over rising efforts. Samples that rows were compared with up to the same
 * ordinal; the walk answers from those rows.
 */
export function* measureRecall(
  samples: readonly Sample[],
  walk: Walk,
  { rows }: ExactScanner,
): Slices<Calibration> {
  const marks = samples
    .map((sample) => SampleMarks.of(sample, (ordinal) => rows.isDead(ordinal)))
    .filter((mark) => mark !== undefined);
  const steps: CalibrationStep[] = [];
  let candidates = 0;
  for (const ef of efSteps) {
    for (const mark of marks) {
      candidates += mark.measure(walk, ef);
      if (candidates < sliceCandidates) continue;
      candidates = 0;
      yield;
    }
    const recallAt10 = lowerMean(marks.map(({ at10 }) => at10.recall));
    const recallAt100 = ef < truthCount ? 0 : lowerMean(marks.map(({ at100 }) => at100.recall));
    steps.push({ ef, recallAt10, recallAt100 });
    if (Math.min(recallAt10, recallAt100) >= recallEnough) break;
  }
  return steps;
}

/** A search that would fall this far short of the recall asked for is exact instead. */
const shortfallMax = 0.03;

/** Comparing with the codes of so many rows takes as long as one candidate of a walk. */
export const rowsPerCandidate = 25;

/**
 * The `ef` for `k` hits, on a curve through those measured for 10 and 100 (a straight line from 100
 * on), or undefined where only an exact scan will do: the recall is 1, or nothing was measured. A
 * recall below 1 that no effort measured reached gets the largest effort if that came near it, unless
 * a scan, which takes as long as an effort of `scanEf`, is sooner done.
 */
export function chooseEf(
  calibration: Calibration,
  { ef, recall = 1 }: SearchEffort,
  k: number,
  scanEf: number,
): number | undefined {
  if (ef !== undefined) return ef;
  if (recall >= 1 || calibration.length === 0) return undefined;
  const forTen = calibration.find((step) => step.recallAt10 >= recall)?.ef;
  const forHundred = k <= 10 ? forTen : calibration.find((step) => step.recallAt100 >= recall)?.ef;
  const chosen = forHits(k, forTen ?? efLargest, forHundred ?? efLargest);
  if (forTen !== undefined && forHundred !== undefined) return chosen;
  return chosen < scanEf && isNearlyReached(calibration, recall, k) ? chosen : undefined;
}

/** Whether the largest effort measured comes near enough to the recall not to scan for the rest. */
function isNearlyReached(calibration: Calibration, recall: number, k: number): boolean {
  const { recallAt10, recallAt100 } = present(calibration.at(-1), "the largest effort measured");
  const reached = k <= 10 ? recallAt10 : Math.min(recallAt10, recallAt100);
  return reached >= recall - shortfallMax;
}

/** The effort for `k` hits, where those for 10 and for 100 are known. */
function forHits(k: number, forTen: number, forHundred: number): number {
  if (k <= 10) return forTen;
  if (k >= 100) return Math.ceil((forHundred * k) / 100);
  return Math.ceil(forTen * (forHundred / forTen) ** Math.log10(k / 10));
}

/** What the walks for one sample have reached so far, among its `k` nearest. */
class Mark {
  recall = 0;
  #inRow = 0;

  constructor(
    readonly k: number,
    readonly truth: Hits,
  ) {}

  get isSettled(): boolean {
    return this.#inRow >= foundInRow;
  }

  take(found: Hits): void {
    this.recall = recallOf(found, this.truth, this.k);
    this.#inRow = this.recall === 1 ? this.#inRow + 1 : 0;
  }
}

class SampleMarks {
  readonly at10: Mark;
  readonly at100: Mark;

  private constructor(
    readonly sample: Sample,
    truth: Hits,
  ) {
    this.at10 = new Mark(10, truth);
    this.at100 = new Mark(truthCount, truth);
  }

  static of(sample: Sample, isDead: (ordinal: number) => boolean): SampleMarks | undefined {
    const truth = sample.truth(isDead);
    return truth && truth.ordinals.length > 0 ? new SampleMarks(sample, truth) : undefined;
  }

  /** Walks if that can tell anything new; the candidates that it cost. */
  measure(walk: Walk, ef: number): number {
    const isForHundred = ef >= truthCount && !this.at100.isSettled;
    if (this.at10.isSettled && !isForHundred) return 0;
    const found = walk(this.sample.query, Math.min(ef, truthCount), ef, this.sample.hidden);
    this.at10.take(found);
    if (ef >= truthCount) this.at100.take(found);
    return ef;
  }
}

/** Share of the `k` nearest that are as near as the truth says, so that ties count as found. */
export function recallOf(found: Hits, nearest: Hits, k: number): number {
  const wanted = Math.min(k, nearest.distances.length);
  const farthest = nearest.distances[wanted - 1] as number;
  let count = 0;
  for (const distance of found.distances.subarray(0, wanted)) if (distance <= farthest) count++;
  return count / wanted;
}

/** The mean of a sample, less its standard error. */
function lowerMean(values: readonly number[]): number {
  const { mean, error } = meanOf(values);
  return Math.max(0, mean - error);
}

/** The mean of some values and its standard error. */
export function meanOf(values: readonly number[]): {
  readonly mean: number;
  readonly error: number;
} {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / Math.max(1, values.length - 1) / values.length) };
}
