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
  const point = { collection: "a.b-c", version, operation_id: 'k:insert:"ü:1"', shards: [0, 7] };
  const tokenOf = (members: unknown): string =>
    Buffer.from(JSON.stringify(members)).toString("base64url");

  it("come back as what they stand for", () => {
    expect(readCommitToken(makeCommitToken(point), "a.b-c")).toEqual(point);
  });

  it.each([
    "",
    "nonsense",
    "Yzw6",
    Buffer.from(`c1:${version}:docs`).toString("base64url"),
    tokenOf(["c2", "short", "o:1", [0], "docs"]),
    tokenOf(["c2", version, "", [0], "docs"]),
    tokenOf(["c2", version, "o".repeat(769), [0], "docs"]),
    tokenOf(["c2", version, "o:1", [0.5], "docs"]),
    tokenOf(["c2", version, "o:1", 0, "docs"]),
    tokenOf(["c2", version, "o:1", [0]]),
  ])("refuse %j", (token) => {
    expect(() => readCommitToken(token, "docs")).toThrow(/not a commit token/);
  });

  it("refuse the token of another collection", () => {
    const token = makeCommitToken({ ...point, collection: "a" });
    expect(() => readCommitToken(token, "b")).toThrow(/another collection/);
  });
});
