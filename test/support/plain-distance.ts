/** The three distances of the contract, in double precision, as its page defines them. */
import { unreachable } from "../../src/base/index.js";
import type { DistanceMetric } from "../../src/protocol/index.js";

type Vector = ArrayLike<number>;

function inner(left: Vector, right: Vector): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return sum;
}

function cosine(left: Vector, right: Vector): number {
  const lengths = Math.sqrt(inner(left, left)) * Math.sqrt(inner(right, right));
  return lengths === 0 ? 1 : 1 - inner(left, right) / lengths;
}

function euclidean(left: Vector, right: Vector): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += (left[index]! - right[index]!) ** 2;
  return Math.sqrt(sum);
}

/** Smaller is nearer. The cosine of a vector of zeros is taken as 0. */
export function plainDistance(metric: DistanceMetric, left: Vector, right: Vector): number {
  switch (metric) {
    case "cosine":
      return cosine(left, right);
    case "l2":
      return euclidean(left, right);
    case "dot_product":
      return -inner(left, right);
    default:
      return unreachable(metric);
  }
}
