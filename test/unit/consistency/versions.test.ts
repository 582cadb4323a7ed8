import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import {
  HybridClock,
  compareVersions,
  isVersion,
  makeCommitToken,
  makeVersion,
  readCommitToken,
  versionTime,
} from "../../../src/consistency/index.js";

describe("HybridClock", () => {
  it("stamps ever larger versions within one millisecond", () => {
    const clock = new HybridClock(new VirtualClock(), "n1");
    const stamps = Array.from({ length: 70_000 }, () => clock.next());
    for (let index = 1; index < stamps.length; index++) {
      expect(compareVersions(stamps[index - 1]!, stamps[index]!)).toBe(-1);
    }
    expect(stamps.every(isVersion)).toBe(true);
  });

  it("never goes back when the wall clock does", () => {
    let wall = 1_700_000_005_000;
    const jumping = new VirtualClock();
    jumping.now = () => wall;
    const clock = new HybridClock(jumping, "n1");
    const before = clock.next();
    wall -= 4000;
    expect(clock.next() > before).toBe(true);
  });

  it("stamps beyond what it observed elsewhere", () => {
    const wall = new VirtualClock();
    const ours = new HybridClock(wall, "n1");
    const theirs = makeVersion(wall.now() + 30_000, 7, "n2");
    ours.observe(theirs);
    expect(ours.next() > theirs).toBe(true);
  });

  it("refuses a stamp that would drag it far into the future", () => {
    const wall = new VirtualClock();
    const theirs = makeVersion(wall.now() + 3_600_000, 0, "n2");
    expect(() => new HybridClock(wall, "n1").observe(theirs)).toThrow(/future/);
  });

  it("keeps the time it was stamped at", () => {
    const wall = new VirtualClock();
    expect(versionTime(new HybridClock(wall, "n1").next())).toBe(wall.now());
  });
});

describe("commit tokens", () => {
  const version = makeVersion(1_700_000_000_000, 3, "n1");

  it("come back as what they stand for", () => {
    const token = makeCommitToken({ collection: "a.b-c", version });
    expect(readCommitToken(token, "a.b-c")).toEqual({ collection: "a.b-c", version });
  });

  it.each(["", "nonsense", "Yzw6", Buffer.from("c1:short:docs").toString("base64url")])(
    "refuse %j",
    (token) => {
      expect(() => readCommitToken(token, "docs")).toThrow(/not a commit token/);
    },
  );

  it("refuse the token of another collection", () => {
    const token = makeCommitToken({ collection: "a", version });
    expect(() => readCommitToken(token, "b")).toThrow(/another collection/);
  });
});
