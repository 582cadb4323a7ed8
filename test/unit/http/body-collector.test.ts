import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyCollector } from "../../../src/http/body-collector.js";

const mebi = 1024 * 1024;

/** An account that counts, and refuses past a bound. */
function account(bytesMax = Infinity) {
  return {
    held: 0,
    most: 0,
    hold(bytes: number) {
      if (this.held + bytes > bytesMax) throw new Error("no room");
      this.held += bytes;
      this.most = Math.max(this.most, this.held);
    },
    release(bytes: number) {
      this.held -= bytes;
    },
  };
}

describe("a body collector", () => {
  it("gives back what it was given, in memory of its own, all of it on the account", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 20 });
    const expectation = fc.constantFrom("exact", "unknown", "less", "more");
    await fc.assert(
      fc.asyncProperty(sizes, expectation, async (lengths, expected) => {
        const chunks = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const whole = Buffer.concat(chunks);
        const guess = { exact: whole.length, unknown: undefined, less: 7, more: whole.length + 9 };
        const held = account();
        const collector = new BodyCollector(held, guess[expected]);
        for (const chunk of chunks) collector.append(chunk);
        expect(collector.bytes).toBe(whole.length);
        const body = await collector.finish();
        expect(Buffer.compare(body, whole)).toBe(0);
        expect(body.buffer.byteLength).toBe(whole.length);
        expect(held.held).toBe(whole.length);
      }),
      { numRuns: 60 },
    );
  });

  it("takes a declared body in place: one allocation, no second copy", async () => {
    const held = account();
    const collector = new BodyCollector(held, 3 * mebi);
    for (let part = 0; part < 3; part++) collector.append(Buffer.alloc(mebi, part));
    await collector.finish();
    expect(held.most).toBe(3 * mebi);
  });

  it("joins a large one in slices, letting others have their turn", async () => {
    const collector = new BodyCollector(account(), undefined);
    const chunk = Buffer.alloc(mebi);
    for (let part = 0; part < 64; part++) collector.append(chunk);
    let turns = 0;
    let done = false;
    const turn = (): void => {
      turns++;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    await collector.finish();
    done = true;
    expect(turns).toBeGreaterThanOrEqual(15);
  });

  it("takes no memory that the account does not grant", () => {
    expect(() => new BodyCollector(account(10), 11)).toThrow("no room");
    const collector = new BodyCollector(account(100_000), undefined);
    collector.append(Buffer.alloc(64 * 1024));
    expect(() => collector.append(Buffer.alloc(1))).toThrow("no room");
  });

  it("holds little more than a body that trickles in byte by byte", async () => {
    const held = account();
    const collector = new BodyCollector(held, undefined);
    const one = Buffer.alloc(1, 9);
    for (let count = 0; count < 200_000; count++) collector.append(one);
    expect(held.held).toBeLessThan(200_000 + mebi);
    expect((await collector.finish()).every((byte) => byte === 9)).toBe(true);
  });
});
