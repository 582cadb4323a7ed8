/** Decimal text of float32: reads back exactly, and no shorter text would. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatTextBytesMax, writeFloatText } from "../../../src/protocol/float-text.js";

function textOf(value: number): string {
  const bytes = Buffer.alloc(64);
  return bytes.toString("latin1", 0, writeFloatText(value, bytes, 0));
}

/** By trying: the fewest significant digits that read back. */
function digitsNeeded(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    if (Math.fround(Number(value.toPrecision(digits))) === value) return digits;
  }
  return 9;
}

function digitsOf(text: string): number {
  const digits = text.replace(/^-/, "").replace(/e.*$/, "").replace(".", "").replace(/^0+/, "");
  return (text.includes(".") ? digits : digits.replace(/0+$/, "")).length;
}

const bits = fc.nat(0xffffffff).map((word) => new Float32Array(Uint32Array.of(word).buffer)[0]!);
const usual = fc.oneof(
  fc.float({ min: -1, max: 1, noNaN: true }),
  fc.float({ min: -300, max: 300, noNaN: true }),
  fc.integer({ min: -100_000, max: 100_000 }).map((n) => Math.fround(n / 10_000)),
  fc.integer({ min: -9_000_000, max: 9_000_000 }).map((n) => Math.fround(n)),
);

describe("the text of a float32", () => {
  it.each([
    [0.1, "0.1"],
    [-0.1, "-0.1"],
    [0, "0"],
    [1, "1"],
    [255, "255"],
    [0.5, "0.5"],
    [-2.25, "-2.25"],
    [100, "100"],
    [0.000_99, "0.00099"],
    [0.3333333432674408, "0.33333334"],
    [16_777_216, "16777216"],
    [9_999_999, "9999999"],
    [0.00001, "0.00001"],
    [3.4028234663852886e38, "3.4028235e+38"],
    [1.401298464324817e-45, "1e-45"],
    [1.1754943508222875e-38, "1.1754944e-38"],
  ])("%d is %s", (value, text) => {
    expect(textOf(Math.fround(value))).toBe(text);
  });

  it("reads back as the same float32, whatever its bits", () => {
    fc.assert(
      fc.property(fc.oneof(bits.filter(Number.isFinite), usual), (value) => {
        const text = textOf(value);
        expect(Math.fround(JSON.parse(text) as number) === value, text).toBe(true);
        expect(text.length).toBeLessThanOrEqual(floatTextBytesMax);
      }),
      { numRuns: 20_000 },
    );
  });

  it("has no digit more than it needs", () => {
    fc.assert(
      fc.property(fc.oneof(bits.filter(Number.isFinite), usual), (value) => {
        fc.pre(value !== 0);
        const isWhole = Number.isInteger(value);
        // A whole number shows all its digits: 16777216, not 16777220.
        if (!isWhole) expect(digitsOf(textOf(value)), textOf(value)).toBe(digitsNeeded(value));
      }),
      { numRuns: 20_000 },
    );
  });

  it("holds next to every power of ten and of two", () => {
    const word = new Uint32Array(1);
    const float = new Float32Array(word.buffer);
    const starts = Array.from({ length: 77 }, (_, n) => Math.fround(Number(`1e${n - 38}`)));
    for (let exponent = -126; exponent < 128; exponent++) starts.push(2 ** exponent);
    for (const start of starts) {
      for (let step = -200; step <= 200; step++) {
        float[0] = start;
        word[0] = word[0]! + step;
        const value = float[0];
        if (!Number.isFinite(value)) continue;
        expect(Math.fround(Number(textOf(value)))).toBe(value);
      }
    }
  });
});
