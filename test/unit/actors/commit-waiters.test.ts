import { beforeEach, describe, expect, it } from "vitest";
import { DvespError, VirtualClock } from "../../../src/base/index.js";
import type { CommitPoint } from "../../../src/consistency/index.js";
import { CommitWaiters } from "../../../src/actors/searcher/commit-waiters.js";
import { Deadline } from "../../../src/actors/searcher/deadline.js";

let clock: VirtualClock;
let applied: () => string;
let looks: number;
let waiters: CommitWaiters;

beforeEach(() => {
  clock = new VirtualClock();
  applied = () => "0005";
  looks = 0;
  const look = (points: readonly CommitPoint[]): boolean[] => {
    looks++;
    const now = applied();
    return points.map(({ version }) => version <= now);
  };
  waiters = new CommitWaiters(clock, look, 3);
});

function pointOf(version: string): CommitPoint {
  return { version, collection: "c", operation_id: "o:1", shards: [0] };
}

function wait(version: string, timeoutMs = 1000): Promise<string> {
  return waiters.wait(pointOf(version), new Deadline(clock, clock.now(), timeoutMs)).then(
    () => `saw ${version}`,
    (error: unknown) => (error as DvespError).code,
  );
}

describe("CommitWaiters", () => {
  it("lets each read go on as soon as its write is there", async () => {
    const first = wait("0006");
    const second = wait("0007");
    await clock.advance(10);
    applied = () => "0006";
    await clock.advance(10);
    expect(await Promise.race([first, second])).toBe("saw 0006");
    applied = () => "0007";
    await clock.advance(10);
    expect(await second).toBe("saw 0007");
    expect(clock.pending).toBe(0);
  });

  it("looks once for all of them", async () => {
    const all = [wait("0006"), wait("0006"), wait("0006")];
    await clock.advance(100);
    expect(looks).toBeLessThanOrEqual(50);
    applied = () => "0009";
    await clock.advance(10);
    expect(await Promise.all(all)).toEqual(["saw 0006", "saw 0006", "saw 0006"]);
  });

  it("ends a read whose time is over, and keeps the others", async () => {
    const short = wait("0006", 20);
    const long = wait("0006", 500);
    await clock.advance(30);
    expect(await short).toBe("TIMEOUT");
    applied = () => "0006";
    await clock.advance(10);
    expect(await long).toBe("saw 0006");
  });

  it("refuses more than it may hold, and takes them again later", async () => {
    const held = [wait("0006", 50), wait("0006", 50), wait("0006", 50)];
    expect(() => waiters.wait(pointOf("0006"), new Deadline(clock, clock.now(), 50))).toThrow(
      expect.objectContaining({ code: "OVERLOADED", retry_after_ms: 100 }),
    );
    await clock.advance(60);
    expect(await Promise.all(held)).toEqual(["TIMEOUT", "TIMEOUT", "TIMEOUT"]);
    const later = wait("0006");
    applied = () => "0006";
    await clock.advance(10);
    expect(await later).toBe("saw 0006");
  });

  it("passes on a failure to look", async () => {
    const waiting = wait("0006");
    applied = () => {
      throw new DvespError("DATA_CORRUPTED", "the head record");
    };
    await clock.advance(10);
    expect(await waiting).toBe("DATA_CORRUPTED");
    expect(clock.pending).toBe(0);
  });
});
