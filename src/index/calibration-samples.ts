/**
 * Sample queries with their true nearest rows, kept from one measurement to the next: what is compared
 * once is not compared again. Rows that have come since are compared by the block with all samples
 * at once, while the block is in the cache: some microseconds a row for 128 samples.
 *
 * A stored row makes too easy a query: its own links lead to its neighbours. Where walks can leave a
 * row out as if it had never come, a sample is a stored row that is hidden from its walks and from its
 * truth: a query of the rows' own distribution, on any data. What others had linked through it is
 * missing, so it needs a little more effort than a query from outside (docs/INDEXES.md).
 *
 * Where walks cannot, a sample is a row moved in a random direction by the distance to its tenth
 * neighbour, which is about right for many sets, and too hard for rows that fill few directions. As an
 * index grows neighbours come nearer, and an old one lies a little too far out; the oldest are renewed
 * a share at a time. Queries unlike the rows need more effort than either.
 *
 * Work comes as generators, so that whoever runs them decides how much is done at a time.
 */
import { assert, randomBelow, randomFraction, type Random } from "../base/index.js";
import type { ExactScanner } from "./exact-scanner.js";
import type { Hits } from "./hits.js";
import { unitScale, type Metric } from "./metric.js";
import { Nearest } from "./nearest.js";

/** What one walk of effort `ef` finds around the row `hidden`, as exactly ranked hits. */
export type Walk = (query: Float32Array, k: number, ef: number, hidden?: number) => Hits;

/** Ends a slice of work of a few milliseconds. */
export type Slices<Result = void> = Generator<undefined, Result>;

export const sampleCount = 128;
/** Neighbours of a sample that a measurement needs. */
export const truthCount = 100;
/** Neighbours kept: some of them may die. */
const keptCount = 160;
/** The neighbour, counted from the row itself, whose distance a sample is moved by. */
const neighbour = 11;
/** Effort with which that neighbour is looked for. */
const neighbourEf = 64;
/** Bytes of rows times samples that are compared before other work gets its turn: some milliseconds. */
const sliceBytes = 64 * 2 ** 20;
/** Bytes of rows that stay in the cache while all samples are compared with them. */
const blockBytes = 2 ** 19;

export class Sample {
  #nearest: Hits = { ordinals: new Uint32Array(0), distances: new Float32Array(0) };
  #compared = 0;

  /** `hidden` is the ordinal of the row that the query is, if it is one. */
  constructor(
    readonly query: Float32Array,
    readonly hidden?: number,
  ) {}

  /** The rows [0, compared) were compared with. */
  get compared(): number {
    return this.#compared;
  }

  /** Compares with the rows [compared, to). */
  compare(scanner: ExactScanner, metric: Metric, to: number): void {
    const full = this.#nearest.distances[keptCount - 1];
    const target = { query: this.query, metric, k: keptCount, maxDistance: full };
    const found = scanner.scan(target, { from: this.#compared, to });
    this.#compared = to;
    if (found.ordinals.length === 0) return;
    const nearest = new Nearest(keptCount);
    nearest.offerAll(this.#nearest);
    nearest.offerAll(found);
    this.#nearest = nearest.drain();
  }

  #counts(ordinal: number, isDead: (ordinal: number) => boolean): boolean {
    return ordinal !== this.hidden && !isDead(ordinal);
  }

  /** The nearest that live, at most 100; undefined when so many have died that some are unknown. */
  truth(isDead: (ordinal: number) => boolean): Hits | undefined {
    const { ordinals, distances } = this.#nearest;
    const living = [...ordinals.keys()].filter((at) =>
      this.#counts(ordinals[at] as number, isDead),
    );
    if (living.length < truthCount && ordinals.length === keptCount) return undefined;
    const taken = living.slice(0, truthCount);
    return {
      ordinals: Uint32Array.from(taken, (at) => ordinals[at] as number),
      distances: Float32Array.from(taken, (at) => distances[at] as number),
    };
  }
}

export interface SamplesOptions {
  readonly scanner: ExactScanner;
  readonly metric: Metric;
  /** Whether walks leave a hidden row out. */
  readonly hides: boolean;
  /** A walk that answers from the rows [0, limit). */
  readonly walkTo: (limit: number) => Walk;
  readonly random: Random;
}

export class CalibrationSamples {
  readonly #options: SamplesOptions;
  /** The oldest first. */
  #samples: Sample[] = [];

  constructor(options: SamplesOptions) {
    this.#options = options;
  }

  get all(): readonly Sample[] {
    return this.#samples;
  }

  /**
   * Brings as many samples as there should be up to the rows [0, indexed), `renewed` of them new ones
   * in the place of the oldest.
   */
  *bringUpTo(indexed: number, renewed: number): Slices {
    const { rows } = this.#options.scanner;
    const isKnown = (sample: Sample): boolean =>
      sample.truth((ordinal) => rows.isDead(ordinal)) !== undefined;
    const kept = this.#samples.slice(-sampleCount).slice(renewed).filter(isKnown);
    while (kept.length < sampleCount) {
      kept.push(this.#draw(indexed));
      yield;
    }
    this.#samples = kept;
    yield* this.#compareAll(kept, indexed);
  }

  /** A new sample, brought up to the rows [0, indexed); the oldest makes room for it. */
  *add(indexed: number): Slices<Sample> {
    const sample = this.#draw(indexed);
    yield* this.#compareAll([sample], indexed);
    this.#samples = [...this.#samples, sample].slice(-sampleCount);
    return sample;
  }

  /** Those that are farthest behind first, until all are where the next ones are. */
  *#compareAll(samples: readonly Sample[], to: number): Slices {
    for (;;) {
      const from = Math.min(...samples.map(({ compared }) => compared));
      if (from >= to) return;
      const behind = samples.filter(({ compared }) => compared === from);
      const ahead = samples.filter(({ compared }) => compared > from);
      const next = Math.min(to, ...ahead.map(({ compared }) => compared));
      yield* this.#compareBlocks(behind, from, next);
    }
  }

  *#compareBlocks(samples: readonly Sample[], from: number, to: number): Slices {
    const { scanner, metric } = this.#options;
    const { stride } = scanner.rows.layout;
    const blockRows = Math.max(16, Math.floor(blockBytes / stride));
    const sliceRows = Math.max(blockRows, Math.floor(sliceBytes / stride / samples.length));
    // One sample alone gains nothing from rows that are in the cache.
    const step = samples.length === 1 ? sliceRows : blockRows;
    let compared = 0;
    for (let first = from; first < to; first += step) {
      const end = Math.min(to, first + step);
      for (const sample of samples) sample.compare(scanner, metric, end);
      compared += end - first;
      if (compared >= sliceRows) {
        compared = 0;
        yield;
      }
    }
  }

  #draw(indexed: number): Sample {
    const { scanner, random, hides } = this.#options;
    assert(indexed > 0, "rows to draw from");
    const ordinal = randomBelow(random, indexed);
    const row = scanner.rows.copyVector(ordinal);
    if (hides) return new Sample(row, ordinal);
    return new Sample(moved(row, this.#neighbourDistance(row, indexed), random));
  }

  /**
   * Euclidean distance to a near neighbour. By cosine, after scaling it to the length of `row`; by
   * inner product the nearest are not near, so that they are looked for by a scan.
   */
  #neighbourDistance(row: Float32Array, indexed: number): number {
    const { scanner, metric, walkTo } = this.#options;
    const { distances } =
      metric === "dot_product"
        ? scanner.scan({ query: row, metric: "l2", k: neighbour }, { from: 0, to: indexed })
        : walkTo(indexed)(row, neighbour, neighbourEf);
    const distance = distances.at(-1) ?? 0;
    if (metric !== "cosine") return distance;
    const scale = unitScale(row);
    return scale === 0 ? 0 : Math.sqrt(2 * distance) / scale;
  }
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
