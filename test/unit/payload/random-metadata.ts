/** Metadata and filters from a seed: few keys and values, so that they meet, and all odd kinds. */
import { randomBelow } from "../../../src/base/index.js";
import type { JsonObject, JsonValue, Random } from "../../../src/base/index.js";

const keys = ["a", "b", "tags", "0", "x.y", ""];
const long = "l".repeat(300);
const plain: readonly JsonValue[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2.5,
  1e300,
  "",
  "x",
  "xy",
  "Xyz",
  "äöü",
  "日本",
  "\u{1f600}",
  long,
  `${long}x`,
];

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomBelow(random, from.length)] as T;
}

export function randomValue(random: Random, depth = 0): JsonValue {
  const kind = randomBelow(random, depth > 2 ? 6 : 10);
  if (kind < 6) return pick(random, plain);
  if (kind < 8) {
    return Array.from({ length: randomBelow(random, 4) }, () => randomValue(random, depth + 1));
  }
  return randomMetadata(random, depth + 1);
}

export function randomMetadata(random: Random, depth = 0): JsonObject {
  const metadata: JsonObject = {};
  for (let left = randomBelow(random, 5); left > 0; left--) {
    metadata[pick(random, keys)] = randomValue(random, depth);
  }
  return metadata;
}

function randomPath(random: Random): string {
  return Array.from({ length: 1 + randomBelow(random, 3) }, () =>
    pick(random, ["a", "b", "tags", "0", "a", "b", ""]),
  ).join(".");
}

function randomTest(random: Random): Record<string, unknown> {
  const ordered = plain.filter((value) => value !== null);
  switch (randomBelow(random, 12)) {
    case 0:
      return { $eq: randomValue(random) };
    case 1:
      return { $ne: randomValue(random) };
    case 2:
      return { $gt: pick(random, ordered), $lte: pick(random, ordered) };
    case 3:
      return { $gte: pick(random, ordered) };
    case 4:
      return { $lt: pick(random, ordered) };
    case 5:
      return { $in: [randomValue(random), pick(random, plain), pick(random, plain)] };
    case 6:
      return { $nin: [pick(random, plain), pick(random, plain)] };
    case 7:
      return { $exists: randomBelow(random, 2) === 0 };
    case 8:
      return { $contains: randomValue(random) };
    case 9:
      return { $size: randomBelow(random, 4) };
    case 10:
      return { $regex: pick(random, ["x", "^x", "y$", "l{290}", "[äö]", ""]) };
    default:
      return { $all: [pick(random, plain)] };
  }
}

export function randomFilter(random: Random, depth = 0): Record<string, unknown> {
  const kind = randomBelow(random, depth > 2 ? 6 : 9);
  const inside = (): Record<string, unknown>[] =>
    Array.from({ length: 1 + randomBelow(random, 3) }, () => randomFilter(random, depth + 1));
  if (kind < 6) return { [randomPath(random)]: randomTest(random) };
  if (kind === 6) return { $and: inside() };
  if (kind === 7) return { $or: inside() };
  return randomBelow(random, 2) === 0
    ? { $nor: inside() }
    : { $not: randomFilter(random, depth + 1) };
}
