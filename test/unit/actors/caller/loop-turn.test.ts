import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../src/base/index.js";
import { LoopTurn } from "../../../../src/actors/caller/loop-turn.js";

function world(msMax: number) {
  const clock = new VirtualClock();
  const yielded: (() => void)[] = [];
  const turn = new LoopTurn({ clock, msMax, yieldTurn: (action) => void yielded.push(action) });
  const read = async (ms: number): Promise<void> => {
    turn.take();
    await clock.advance(ms);
    turn.leave();
  };
  return { turn, read, yielded, next: () => yielded.splice(0).forEach((action) => action()) };
}

describe("LoopTurn", () => {
  it("has room for one read at a time", () => {
    const { turn } = world(1);
    expect(turn.hasRoom).toBe(true);
    turn.take();
    expect([turn.isTaken, turn.hasRoom]).toEqual([true, false]);
    turn.leave();
    expect([turn.isTaken, turn.hasRoom]).toEqual([false, true]);
  });

  it("begins no read once the turn has lasted too long, until the loop has turned", async () => {
    const { turn, read, yielded, next } = world(1);
    await read(0.6);
    expect(turn.hasRoom).toBe(true);
    await read(0.6);
    expect(turn.hasRoom).toBe(false);
    expect(yielded).toHaveLength(1);
    next();
    expect(turn.hasRoom).toBe(true);
    await read(5);
    expect(turn.hasRoom).toBe(false);
  });

  it("calls whoever waits in the order in which they came, after the turn", async () => {
    const { turn, read, yielded, next } = world(1);
    const called: (number | boolean)[] = [];
    await read(2);
    for (const n of [1, 2]) turn.whenTurned(() => void called.push(n, turn.hasRoom));
    expect(called).toEqual([]);
    next();
    expect(called).toEqual([1, true, 2, true]);
    turn.whenTurned(() => void called.push(3));
    expect(yielded).toHaveLength(1);
    next();
    expect(called.at(-1)).toBe(3);
  });
});
