/**
 * Rows that resemble embeddings: a mixture of low-rank gaussians. Real sets have clusters of very
 * unequal sizes and fill far fewer directions than they have components; uniform noise has neither
 * and tells nothing about an index. A row is
 *
 *     centre of its cluster + spread of the row x (basis of the cluster x gaussian) + noise
 *
 * scaled to unit length, so that cosine and l2 have the same nearest. Sizes of clusters follow a power
 * law, and so do the lengths of the bases' directions. Everything follows from the seed: block b of
 * the rows is the same whoever makes it.
 */
import { randomFraction, seededRandom } from "../dist/base/index.js";
import type { Random } from "../dist/base/index.js";

export interface MixtureShape {
  readonly dimension: number;
  readonly seed: number;
}

const clusters = 512;
const clusterSizeDecay = 0.7;
/** Directions in which the centres lie, and how fast their lengths fall. */
const centreRank = 96;
const centreDecay = 0.35;
/** Directions of one cluster. */
const localRank = 48;
const localDecay = 0.3;
/** Lengths of the three parts before scaling; the sets named in docs/BENCHMARKS.md set the measure. */
const centreLength = 1;
const localLength = 2.4;
const noiseLength = 0.5;
/** Rows of one cluster lie denser in its middle: deviation of the logarithm of their spread. */
const spreadDeviation = 0.2;

export class Mixture {
  readonly #dimension: number;
  readonly #seed: number;
  /** Running sum of the clusters' shares. */
  readonly #shares: Float64Array;
  readonly #centres: Float32Array;
  /** `localRank` directions for each cluster. */
  readonly #bases: Float32Array;

  constructor({ dimension, seed }: MixtureShape) {
    this.#dimension = dimension;
    this.#seed = seed;
    const gaussian = new Gaussian(seededRandom(seed));
    this.#shares = runningShares();
    const axes = directions(gaussian, dimension, centreRank, centreDecay, centreLength);
    this.#centres = new Float32Array(clusters * dimension);
    this.#bases = new Float32Array(clusters * localRank * dimension);
    for (let cluster = 0; cluster < clusters; cluster++) {
      const centre = this.#centres.subarray(cluster * dimension, (cluster + 1) * dimension);
      combine(centre, axes, gaussian, 1);
      const basis = directions(gaussian, dimension, localRank, localDecay, localLength);
      this.#bases.set(basis, cluster * localRank * dimension);
    }
  }

  /** Rows of one block, packed; blocks of other numbers and the queries share none of them. */
  block(number: number, rows: number): Float32Array {
    const random = seededRandom(Math.imul(this.#seed + 1, 0x9e3779b1) ^ (number + 1));
    const gaussian = new Gaussian(random);
    const packed = new Float32Array(rows * this.#dimension);
    for (let row = 0; row < rows; row++) {
      this.#fill(packed.subarray(row * this.#dimension, (row + 1) * this.#dimension), gaussian);
    }
    return packed;
  }

  /** As many queries, of the same distribution, in a block of their own. */
  queries(count: number): Float32Array {
    return this.block(-2, count);
  }

  #fill(row: Float32Array, gaussian: Gaussian): void {
    const size = this.#dimension;
    const cluster = this.#pick(randomFraction(gaussian.random));
    row.set(this.#centres.subarray(cluster * size, (cluster + 1) * size));
    const first = cluster * localRank * size;
    const basis = this.#bases.subarray(first, first + localRank * size);
    combine(row, basis, gaussian, Math.exp(spreadDeviation * gaussian.next()));
    const noise = noiseLength / Math.sqrt(size);
    for (let at = 0; at < size; at++) row[at] = row[at]! + noise * gaussian.next();
    normalise(row);
  }

  #pick(share: number): number {
    let low = 0;
    let high = clusters - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#shares[middle]! > share) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Standard normal numbers, two for each pair of uniform ones (Box and Muller). */
class Gaussian {
  #spare: number | undefined;

  constructor(readonly random: Random) {}

  next(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - randomFraction(this.random)));
    const angle = 2 * Math.PI * randomFraction(this.random);
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

function normalise(row: Float32Array): void {
  let squares = 0;
  for (const value of row) squares += value * value;
  const scale = 1 / Math.sqrt(squares);
  for (let at = 0; at < row.length; at++) row[at] = row[at]! * scale;
}

function runningShares(): Float64Array {
  const shares = Float64Array.from({ length: clusters }, (_, at) => (at + 1) ** -clusterSizeDecay);
  const total = shares.reduce((sum, one) => sum + one, 0);
  let sum = 0;
  return shares.map((one) => (sum += one / total));
}

/** Random directions of falling length; a gaussian combination of them has length about `length`. */
function directions(
  gaussian: Gaussian,
  dimension: number,
  rank: number,
  decay: number,
  length: number,
): Float32Array {
  const lengths = Float64Array.from({ length: rank }, (_, at) => (at + 1) ** -decay);
  const scale = length / Math.sqrt(lengths.reduce((sum, one) => sum + one * one, 0) * dimension);
  return Float32Array.from(
    { length: rank * dimension },
    (_, at) => gaussian.next() * lengths[Math.floor(at / dimension)]! * scale,
  );
}

/** Adds a gaussian combination of the directions to `target`. */
function combine(
  target: Float32Array,
  axes: Float32Array,
  gaussian: Gaussian,
  scale: number,
): void {
  const size = target.length;
  for (let axis = 0; axis < axes.length; axis += size) {
    const weight = scale * gaussian.next();
    for (let at = 0; at < size; at++) target[at] = target[at]! + weight * axes[axis + at]!;
  }
}
