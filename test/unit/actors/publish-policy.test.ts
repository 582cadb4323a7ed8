import { describe, expect, it } from "vitest";
import { PublishPolicy } from "../../../src/actors/index-builder/publish-policy.js";

const busy = false;
const idle = true;

describe("PublishPolicy", () => {
  it("publishes the first rows as soon as there are no more to take in", () => {
    const policy = new PublishPolicy("whole_index", 0);
    expect(policy.dueIn(1, busy, 0)).toBeUndefined();
    expect(policy.dueIn(1, idle, 0)).toBe(0);
  });

  it("publishes on the way when the index has grown by 5,000 rows, later by a quarter", () => {
    const policy = new PublishPolicy("whole_index", 0);
    expect(policy.dueIn(4999, busy, 0)).toBeUndefined();
    expect(policy.dueIn(5000, busy, 0)).toBe(0);
    policy.published(100_000, 0, 0);
    expect(policy.dueIn(124_999, busy, 1e6)).toBeUndefined();
    expect(policy.dueIn(125_000, busy, 1e6)).toBe(0);
  });

  it("does not rest for so many rows", () => {
    const policy = new PublishPolicy("whole_index", 0);
    policy.published(20_000, 0, 5000);
    expect(policy.dueIn(25_000, busy, 5001)).toBe(0);
  });

  it("rests 20 times as long as publishing took before it publishes a trickle", () => {
    const policy = new PublishPolicy("whole_index", 0);
    policy.published(1000, 10_000, 10_300);
    expect(policy.dueIn(1001, idle, 10_300)).toBe(6000);
    expect(policy.dueIn(1001, idle, 16_000)).toBe(300);
    expect(policy.dueIn(1001, idle, 16_300)).toBe(0);
    expect(policy.dueIn(1001, idle, 99_999)).toBe(0);
    expect(policy.dueIn(1001, busy, 99_999)).toBeUndefined();
  });

  it("rests a second at least", () => {
    const policy = new PublishPolicy("whole_index", 0);
    policy.published(1000, 0, 1);
    expect(policy.dueIn(1001, idle, 1)).toBe(1000);
  });

  it("waits ten seconds after a failure, however many rows wait, and then tries again", () => {
    const policy = new PublishPolicy("whole_index", 0);
    policy.failed(500);
    expect(policy.dueIn(50_000, busy, 500)).toBe(10_000);
    expect(policy.dueIn(50_000, idle, 10_400)).toBe(100);
    expect(policy.dueIn(50_000, idle, 10_500)).toBe(0);
    policy.failed(10_500);
    expect(policy.dueIn(50_000, idle, 10_500)).toBe(10_000);
  });

  it("publishes often where that costs nothing: every second, or every 5,000 rows", () => {
    const policy = new PublishPolicy("constant", 0);
    expect(policy.dueIn(1, busy, 0)).toBe(0);
    policy.published(1_000_000, 0, 3);
    expect(policy.dueIn(1_000_016, busy, 3)).toBe(1000);
    expect(policy.dueIn(1_000_016, busy, 1003)).toBe(0);
    expect(policy.dueIn(1_005_000, busy, 3)).toBe(0);
  });
});
