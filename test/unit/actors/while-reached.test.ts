import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import type { AskResult } from "../../../src/runtime/index.js";
import { Reach } from "../../../src/actors/replicas/reach.js";
import { WhileReached } from "../../../src/actors/replicas/while-reached.js";

describe("a question to a node", () => {
  function world() {
    const clock = new VirtualClock();
    const state = { isReached: true };
    return { clock, state, asked: new WhileReached(clock, () => state.isReached) };
  }

  it("is given up when its node is silent, and sends nothing more", async () => {
    const { clock, state, asked } = world();
    const ends: AskResult<unknown>[] = [];
    let isGivenUp = (): boolean => false;
    for (let count = 0; count < 3; count++) {
      const question = asked.ask((one) => {
        isGivenUp = one;
        return new Promise<AskResult<number>>(() => undefined);
      });
      void question.then((end) => ends.push(end));
      await clock.advance(200);
    }
    expect(ends).toEqual([]);
    expect(isGivenUp()).toBe(false);
    state.isReached = false;
    await clock.advance(60);
    expect(ends).toEqual(Array(3).fill({ outcome: "gone" }));
    expect(isGivenUp()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("ends as it is answered, and leaves no timer", async () => {
    const { clock, state, asked } = world();
    const end = asked.ask(() => Promise.resolve({ outcome: "ok", value: 7 }));
    expect(await end).toEqual({ outcome: "ok", value: 7 });
    state.isReached = false;
    await clock.advance(60);
    expect(clock.pending).toBe(0);
    await expect(asked.ask(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  });
});

describe("hope for enough replicas", () => {
  it("is given up after a grace without any, and not before", async () => {
    const clock = new VirtualClock();
    const reach = new Reach(clock);
    expect(reach.isLost(false)).toBe(false);
    await clock.advance(100);
    expect(reach.isLost(false)).toBe(false);
    expect(reach.isLost(true)).toBe(false);
    await clock.advance(100);
    expect(reach.isLost(false)).toBe(false);
    await clock.advance(200);
    expect(reach.isLost(false)).toBe(true);
  });
});
