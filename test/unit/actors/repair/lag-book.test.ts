import { describe, expect, it } from "vitest";
import { makeVersion } from "../../../../src/consistency/index.js";
import { LagBook } from "../../../../src/actors/repair/lag-book.js";
import type { MerkleState } from "../../../../src/actors/replica/replication-messages.js";

const t = 1_700_000_000_000;

function state(root: string, appliedMs: number): MerkleState {
  const applied_version = makeVersion(appliedMs, 0, "n1");
  return { root, rows: 1, applied_version, converged_version: "" };
}

function noted(states: readonly (readonly [string, MerkleState | undefined])[], nowMs = t) {
  const book = new LagBook();
  book.note(new Map(states), nowMs);
  return book;
}

describe("the lag of a replica", () => {
  it("is nothing while the roots are equal", () => {
    const book = noted([
      ["n1", state("a", t - 60_000)],
      ["n2", state("a", t - 60_000)],
    ]);
    expect(book.lagMs("n2", t + 5000)).toBe(0);
    expect(book.lagMs("n3", t)).toBeUndefined();
  });

  it("is how much older its newest write is, while writes go on", () => {
    const book = noted([
      ["n1", state("a", t - 10)],
      ["n2", state("b", t - 45)],
    ]);
    expect([book.lagMs("n1", t), book.lagMs("n2", t)]).toEqual([0, 35]);
  });

  it("grows while the replica does not answer, or lacks something", () => {
    const book = noted([
      ["n1", state("a", t - 10)],
      ["n2", undefined],
    ]);
    expect(book.lagMs("n2", t + 3000)).toBeGreaterThanOrEqual(3000);
    book.note(
      new Map([
        ["n1", state("a", t)],
        ["n2", state("a", t)],
      ]),
      t + 4000,
    );
    expect(book.lagMs("n2", t + 4000)).toBe(0);
    book.lacking("n2", t + 5000);
    expect(book.lagMs("n2", t + 6000)).toBe(2000);
    book.whole("n2", t + 6500);
    expect(book.lagMs("n2", t + 7000)).toBe(0);
  });

  it("is forgotten of one that was silent and lacks nothing known", () => {
    const book = noted([
      ["n1", undefined],
      ["n2", state("b", t - 10)],
    ]);
    expect(book.lagMs("n1", t + 2000)).toBeGreaterThanOrEqual(2000);
    book.note(
      new Map([
        ["n1", state("a", t - 10)],
        ["n2", state("b", t - 30)],
      ]),
      t + 3000,
    );
    expect([book.lagMs("n1", t + 4000), book.lagMs("n2", t + 4000)]).toEqual([0, 20]);
  });
});
