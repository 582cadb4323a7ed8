import { describe, expect, it } from "vitest";
import {
  VirtualClock,
  closeNativeGate,
  inNative,
  inNativeTurn,
  nativeGate,
  useNativeGate,
} from "../../../src/base/index.js";

const open = 0;
const closed = 2;

describe("the gate of native calls", () => {
  const gate = nativeGate();
  const clock = new VirtualClock();
  useNativeGate(gate);

  it("is open between calls, also after one that threw, and stays shut to others within", () => {
    const within: number[] = [];
    expect(inNative(() => inNative(() => within.push(Number(gate[0]))))).toBe(1);
    expect(within[0]).not.toBe(open);
    expect(gate[0]).toBe(open);
    expect(() => inNative(() => BigInt("no number"))).toThrow(SyntaxError);
    expect(gate[0]).toBe(open);
  });

  it("is held through the turn that a call queued", async () => {
    const seen: unknown[] = [];
    inNativeTurn(() => setImmediate(() => seen.push(gate[0])));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(seen[0]).not.toBe(open);
    expect(gate[0]).toBe(open);
  });

  it("closes after the call under way, and not before", async () => {
    let ended = false;
    inNativeTurn(() => setImmediate(() => (ended = true)));
    const closing = closeNativeGate(gate, clock, 1000);
    expect(gate[0]).not.toBe(closed);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await clock.advance(1);
    expect(await closing).toBe(true);
    expect({ ended, state: gate[0] }).toEqual({ ended: true, state: closed });
    Atomics.store(gate, 0, open);
  });

  it("gives up on a call that does not end", async () => {
    Atomics.store(gate, 0, 1);
    const closing = closeNativeGate(gate, clock, 10);
    await clock.advance(20);
    expect(await closing).toBe(false);
    Atomics.store(gate, 0, open);
  });
});
