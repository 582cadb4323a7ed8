/** Deadlines on their way between two machines, whose clocks have nothing in common. */
import { type Duplex, duplexPair } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { type Clock, VirtualClock } from "../../../src/base/index.js";
import { SocketLink, parseFrame } from "../../../src/mailbox/index.js";
import { collect, frameOf, messageOf } from "../../conformance/transport-suite.js";

const open: Duplex[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.destroy();
});

async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Steady time with a start of its own; wall time is a minute ahead, and of no use. */
function machineClock(truth: VirtualClock, startedMs: number): Clock {
  const start = truth.monotonic() - startedMs;
  return {
    now: () => truth.now() + 60_000,
    monotonic: () => truth.monotonic() - start,
    after: (delayMs, action) => truth.after(delayMs, action),
  };
}

function linked() {
  const truth = new VirtualClock();
  const [left, right] = duplexPair();
  open.push(left, right);
  const [own, theirs] = [machineClock(truth, 7000), machineClock(truth, 9_000_000)];
  const [a, b] = [new SocketLink(left, { clock: own }), new SocketLink(right, { clock: theirs })];
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      await truth.advance(Math.min(100, ms - passed));
      await turns(3);
    }
  };
  return { own, theirs, left, right, a, b, atA: collect(a), atB: collect(b), pass };
}

describe("a deadline over a link between machines", () => {
  it("R14: leaves the receiver as much time as the sender had, in header and bytes", async () => {
    const { own, theirs, a, b, atA, atB } = linked();
    a.send(frameOf("there", { deadlineMs: own.monotonic() + 500 }));
    b.send(frameOf("back", { deadlineMs: theirs.monotonic() + 700 }));
    b.send(frameOf("late", { deadlineMs: theirs.monotonic() - 1 }));
    b.send(frameOf("whenever", { deadlineMs: undefined }));
    await turns();
    const [there] = atB.frames;
    expect(there?.header.deadlineMs).toBeCloseTo(theirs.monotonic() + 500, 3);
    expect(there && parseFrame(there.bytes).header).toEqual(there?.header);
    const due = atA.frames.map(({ header }) => header.deadlineMs);
    expect(due.slice(0, 2)).toEqual([own.monotonic() + 700, own.monotonic() - 1]);
    expect(due[2]).toBeUndefined();
  });

  it("counts the time that a frame waits to be written", async () => {
    const { own, theirs, right, a, atB, pass } = linked();
    right.pause();
    const large = new Uint8Array(4 * 1024 * 1024);
    a.send(frameOf({ large }));
    a.send(frameOf("behind", { deadlineMs: own.monotonic() + 5000 }));
    await pass(1000);
    right.resume();
    await turns(500);
    expect(atB.frames.map(messageOf)[1]).toBe("behind");
    expect(atB.frames[1]?.header.deadlineMs).toBeCloseTo(theirs.monotonic() + 4000, 3);
  });

  it("begins anew for what waits at the receiver, but never for long", async () => {
    const { own, theirs, right, a, atB, pass } = linked();
    right.pause();
    a.send(frameOf("stale", { deadlineMs: own.monotonic() + 500 }));
    await pass(3000);
    right.resume();
    await turns();
    expect(atB.frames[0]?.header.deadlineMs).toBeCloseTo(theirs.monotonic() + 500, 3);
  });

  it("is not taken, nor anything else, by a side that stood still too long", async () => {
    const truth = new VirtualClock();
    const [left, right] = duplexPair();
    open.push(left, right);
    let sleptMs = 0;
    // A process that stands still: its timers do not fire, and its steady clock goes on.
    const asleep: Clock = {
      now: () => truth.now(),
      monotonic: () => truth.monotonic() + sleptMs,
      after: () => ({ cancel: () => undefined }),
    };
    const a = new SocketLink(left, { clock: truth });
    const b = new SocketLink(right, { clock: asleep });
    const atB = collect(b);
    a.send(frameOf("in time"));
    await turns();
    a.send(frameOf("stale"));
    sleptMs = 5001;
    await turns();
    expect(atB.frames.map(messageOf)).toEqual(["in time"]);
    expect(atB.closes()).toBe(1);
  });
});
