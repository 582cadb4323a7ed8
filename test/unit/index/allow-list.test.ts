import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AllowList } from "../../../src/index/index.js";

const capacity = 300;
const ordinals = fc.uniqueArray(fc.nat({ max: capacity - 1 }));

describe("AllowList", () => {
  it("is a set of ordinals", () => {
    fc.assert(
      fc.property(ordinals, (given) => {
        const list = AllowList.of([...given, ...given], capacity);
        const sorted = [...given].sort((left, right) => left - right);
        expect([...list]).toEqual(sorted);
        expect(list.count).toBe(given.length);
        expect(AllowList.fromWords(list.words).count).toBe(given.length);
        for (let ordinal = 0; ordinal < capacity + 64; ordinal++) {
          expect(list.has(ordinal)).toBe(given.includes(ordinal));
        }
      }),
    );
  });

  it("counts and takes what lies in a range", () => {
    const bound = fc.nat({ max: capacity + 40 });
    fc.assert(
      fc.property(ordinals, bound, bound, fc.nat({ max: 40 }), (given, from, to, room) => {
        const list = AllowList.of(given, capacity);
        const within = [...list].filter((ordinal) => ordinal >= from && ordinal < to);
        expect(list.countIn(from, to)).toBe(within.length);
        const target = new Uint32Array(room);
        const taken = list.take(from, to, target);
        expect([...target.subarray(0, taken)]).toEqual(within.slice(0, room));
      }),
    );
  });

  it("holds ordinals beyond 2^31", () => {
    const ordinal = 2 ** 31 + 37;
    const list = AllowList.of([ordinal], ordinal + 1);
    expect([list.has(ordinal), list.has(ordinal - 1)]).toEqual([true, false]);
    expect(list.countIn(ordinal, ordinal + 1)).toBe(1);
    const target = new Uint32Array(2);
    expect([list.take(ordinal - 64, ordinal + 64, target), target[0]]).toEqual([1, ordinal]);
  });

  it("refuses an ordinal beyond its capacity", () => {
    expect(() => AllowList.empty(64).set(64)).toThrow("within the list");
  });
});
