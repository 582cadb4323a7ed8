import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeOutcome, encodeOutcome } from "../../../src/actors/replica/outcome-record.js";

const packed = fc
  .nat(5)
  .chain((count) => fc.uint8Array({ minLength: 16 * count, maxLength: 16 * count }));
const outcome = fc.record({
  version: fc.stringMatching(/^[0-9a-f]{16}\.[A-Za-z0-9_-]{1,40}$/),
  ids: packed,
  missing: packed,
  root: fc.stringMatching(/^[0-9a-f]{64}$/),
});

it("an outcome is read back as it was written", () => {
  fc.assert(
    fc.property(outcome, (one) => {
      expect(decodeOutcome(encodeOutcome(one))).toEqual(one);
    }),
  );
});

it("an outcome that was cut inside its head, inside an id or among its ids is damaged", () => {
  fc.assert(
    fc.property(outcome, (one) => {
      const bytes = encodeOutcome(one);
      const head = bytes.length - one.ids.length - one.missing.length;
      for (let length = 0; length < bytes.length; length++) {
        const idsWhole = length >= head + one.ids.length;
        if (idsWhole && (length - head) % 16 === 0) continue;
        expect(() => decodeOutcome(bytes.subarray(0, length))).toThrow(
          expect.objectContaining({ code: "DATA_CORRUPTED" }) as Error,
        );
      }
    }),
    { numRuns: 20 },
  );
});

it("does not share memory with the record", () => {
  const one = {
    version: "v",
    ids: new Uint8Array(16),
    missing: new Uint8Array(16),
    root: "00".repeat(32),
  };
  const bytes = encodeOutcome(one);
  const read = decodeOutcome(bytes);
  bytes.fill(0xff);
  expect(read).toEqual(one);
});
