import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Nearest } from "../../../src/index/nearest.js";

describe("Nearest", () => {
  it("keeps the k nearest, ties by ordinal, none too far, in whatever order they come", () => {
    const distance = fc.oneof(fc.nat({ max: 5 }), fc.float({ noNaN: true }), fc.constant(NaN));
    fc.assert(
      fc.property(
        fc.array(distance),
        fc.nat({ max: 20 }),
        fc.option(fc.nat({ max: 5 })),
        fc.infiniteStream(fc.nat()),
        (distances, k, limit, order) => {
          const maxDistance = limit ?? Infinity;
          const rows = distances.map((value, ordinal) => ({ ordinal, distance: value }));
          const nearest = new Nearest(k, maxDistance);
          const shuffled = rows
            .map((row) => ({ row, key: order.next().value as number }))
            .sort((left, right) => left.key - right.key);
          for (const { row } of shuffled) nearest.offer(row.ordinal, row.distance);
          const expected = rows
            .filter((row) => row.distance <= maxDistance)
            .sort(
              (left, right) =>
                compare(left.distance, right.distance) || left.ordinal - right.ordinal,
            )
            .slice(0, k);
          const hits = nearest.drain();
          expect([...hits.ordinals]).toEqual(expected.map((row) => row.ordinal));
          expect([...hits.distances].map(Math.fround)).toEqual(expected.map((row) => row.distance));
        },
      ),
    );
  });
});

/** Infinities of one sign are equal, which a difference would not say. */
function compare(left: number, right: number): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
