/**
 * Keeps the promise of a recall: measures what effort buys, again as the index grows, and probes now
 * and then whether searches still reach what they aim at. A probe is a new sample, answered exactly
 * and by the index; it then takes the place of the oldest calibration sample, so that the next
 * calibration stands on rows of today.
 *
 * Work comes as generators, a few milliseconds at a time; rows may be taken in between.
 */
import type { Random } from "../../base/index.js";
import {
  calibrationRowsMin,
  chooseEf,
  measureRecall,
  meanOf,
  recallOf,
  rowsPerCandidate,
  type Calibration,
} from "../calibration.js";
import { CalibrationSamples, sampleCount, type Slices, type Walk } from "../calibration-samples.js";
import type { ExactScanner } from "../exact-scanner.js";
import type { Metric } from "../metric.js";
import type { Idleness } from "../vector-index.js";
import { GrownCalibration } from "./grown-calibration.js";
import type { RecallState } from "./snapshots.js";

/** Measures again when the index has grown by this factor. */
const calibrationGrowth: Readonly<Record<Idleness, number>> = { busy: 1.5, lull: 1.2, quiet: 1.1 };
/** Samples that a calibration draws anew after that growth; after less of it, fewer. */
const renewedSamples = sampleCount / 4;
/** Probes after each change of the rows, once there are as many as are averaged. */
const probesPerRound = 32;
/** Probes that a verdict needs. */
const probesMin = 64;
/** Standard errors below the target that are no accident. */
const significantErrors = 2;
const probedK = 10;

export interface RecallKeeperOptions {
  readonly scanner: ExactScanner;
  readonly metric: Metric;
  /** Whether walks can leave a row out. */
  readonly hides: boolean;
  /** Recall that searches aim at. */
  readonly target: number;
  readonly walkTo: (limit: number) => Walk;
  readonly random: Random;
}

export interface ProbeReport {
  /** Mean over the probes since the last calibration, the newest 128. */
  readonly recallAt10: number;
  readonly samples: number;
}

export class RecallKeeper {
  readonly #options: RecallKeeperOptions;
  readonly #samples: CalibrationSamples;
  readonly #grown = new GrownCalibration();
  #state: RecallState;
  #recalls: number[] = [];
  /** The rows that probes have seen, and how many probes have seen these. */
  #round = { signature: "", probes: 0 };

  constructor(options: RecallKeeperOptions, state: RecallState) {
    this.#options = options;
    this.#samples = new CalibrationSamples(options);
    this.#state = state;
  }

  get state(): RecallState {
    return this.#state;
  }

  /** What effort buys among the rows [0, indexed), of which some may have come since it was measured. */
  calibrationOf(indexed: number): Calibration {
    const { calibration, calibratedAt } = this.#state;
    return this.#grown.of(calibration, indexed / Math.max(1, calibratedAt));
  }

  isCalibrationDue(indexed: number, idleness: Idleness): boolean {
    if (indexed - this.#rows.dead < calibrationRowsMin) return false;
    const { calibration, calibratedAt } = this.#state;
    return calibration.length === 0 || indexed >= calibratedAt * calibrationGrowth[idleness];
  }

  /** Measures the rows [0, indexed) and moves on to that table. */
  *calibrate(indexed: number): Slices {
    const { scanner, walkTo } = this.#options;
    yield* this.#samples.bringUpTo(indexed, this.#renewed(indexed));
    const calibration = yield* measureRecall(this.#samples.all, walkTo(indexed), scanner);
    this.#state = { calibration, calibratedAt: indexed };
    this.#recalls = [];
  }

  /** Whether a probe could say anything new: not where searches scan, or nothing has changed. */
  isProbeDue(indexed: number): boolean {
    if (this.#ef(indexed) === undefined) return false;
    if (this.#recalls.length < sampleCount) return true;
    const { signature, probes } = this.#round;
    return signature !== this.#signature(indexed) || probes < probesPerRound;
  }

  /** Answers one new sample exactly and as a search would. */
  *probe(indexed: number): Slices<ProbeReport | undefined> {
    const { walkTo } = this.#options;
    const sample = yield* this.#samples.add(indexed);
    const ef = this.#ef(indexed);
    const truth = sample.truth((ordinal) => this.#rows.isDead(ordinal));
    if (ef === undefined || truth === undefined || truth.ordinals.length === 0) return undefined;
    const found = walkTo(indexed)(sample.query, probedK, Math.max(ef, probedK), sample.hidden);
    this.#recalls = [...this.#recalls, recallOf(found, truth, probedK)].slice(-sampleCount);
    this.#countProbe(this.#signature(indexed));
    return { recallAt10: meanOf(this.#recalls).mean, samples: this.#recalls.length };
  }

  /** Whether the probes say that the target is missed, and not by accident. */
  get isBelowTarget(): boolean {
    if (this.#recalls.length < probesMin) return false;
    const { mean, error } = meanOf(this.#recalls);
    return mean + significantErrors * error < this.#promise;
  }

  /** Whether the probes say that the target is met. */
  get isOnTarget(): boolean {
    return this.#recalls.length >= probesMin && !this.isBelowTarget;
  }

  /** So that a row that comes costs about as many comparisons however often recall is measured. */
  #renewed(indexed: number): number {
    const growth = indexed / Math.max(1, this.#state.calibratedAt) - 1;
    const share = Math.min(1, growth / (calibrationGrowth.busy - 1));
    return Math.ceil(renewedSamples * share);
  }

  get #rows() {
    return this.#options.scanner.rows;
  }

  /** What a search for ten with the default recall uses. */
  #ef(indexed: number): number | undefined {
    const { target } = this.#options;
    const calibration = this.calibrationOf(indexed);
    return chooseEf(calibration, { recall: target }, probedK, indexed / rowsPerCandidate);
  }

  /** Recall that such a search should have: of some rows even the largest effort reaches less. */
  get #promise(): number {
    return Math.min(this.#options.target, this.#state.calibration.at(-1)?.recallAt10 ?? 1);
  }

  #countProbe(signature: string): void {
    const probes = this.#round.signature === signature ? this.#round.probes : 0;
    this.#round = { signature, probes: probes + 1 };
  }

  /** Moves with about every hundredth of the rows that comes or dies. */
  #signature(indexed: number): string {
    const step = Math.max(1, Math.floor(this.#state.calibratedAt / 100));
    return `${Math.floor(indexed / step)} ${Math.floor(this.#rows.dead / step)}`;
  }
}
