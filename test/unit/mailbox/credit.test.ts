import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Credit,
  CreditReturn,
  CreditWindow,
  type FrameHeader,
} from "../../../src/mailbox/index.js";

const header: FrameHeader = {
  kind: "tell",
  lane: "user",
  to: { host: "b", name: "b" },
  from: { host: "a", name: "a" },
  correlation: 0,
  deadlineMs: undefined,
};

describe("credit", () => {
  it("R10: never lets more than the window pass, and never starves the sender", () => {
    const size = fc.integer({ min: 1, max: 500 });
    const window = fc.record({
      frames: fc.integer({ min: 1, max: 50 }),
      bytes: fc.integer({ min: 500, max: 5000 }),
    });
    fc.assert(
      fc.property(window, fc.array(size, { maxLength: 300 }), (limit: Credit, sizes) => {
        const sender = new CreditWindow(limit);
        const receiver = new CreditReturn(limit);
        const onTheWay: number[] = [];
        for (const bytes of sizes) {
          if (!sender.take(header, bytes)) {
            // The receiver takes all: after that there must be room.
            for (const arrived of onTheWay.splice(0)) {
              const credit = receiver.taken(arrived);
              if (credit) sender.give(credit);
            }
            expect(sender.take(header, Math.min(bytes, Math.floor(limit.bytes / 2)))).toBe(true);
            onTheWay.push(Math.min(bytes, Math.floor(limit.bytes / 2)));
          } else {
            onTheWay.push(bytes);
          }
          expect(onTheWay.length).toBeLessThanOrEqual(limit.frames);
          expect(onTheWay.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(limit.bytes);
        }
      }),
    );
  });
});
