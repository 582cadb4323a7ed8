import { describe, expect, it } from "vitest";
import { packBytes } from "../../../src/base/index.js";
import { WriteQueue, writeBytes } from "../../../src/actors/replica/write-queue.js";

const mebi = 1024 * 1024;

/** Work of so many bytes, by its place in the queue, group by group. */
function groupsOf(sizes: readonly number[]): number[][] {
  const queue = new WriteQueue();
  const seen: number[] = [];
  sizes.forEach((bytes, index) => {
    const plan = (): (() => void) => {
      seen.push(index);
      return () => undefined;
    };
    void queue.add({ bytes, plan });
  });
  const groups: number[][] = [];
  while (queue.length > 0) {
    for (const { plan } of queue.takeGroup()) plan(undefined as never);
    groups.push(seen.splice(0));
  }
  return groups;
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe("WriteQueue", () => {
  it("hands out all that waits, in order of arrival", () => {
    expect(groupsOf([16, 16, 16])).toEqual([[0, 1, 2]]);
    expect(new WriteQueue().takeGroup()).toEqual([]);
  });

  it("takes at most 512 pieces of work at a time", () => {
    const groups = groupsOf(new Array<number>(1100).fill(16));
    expect(groups).toEqual([numbers(0, 512), numbers(512, 1024), numbers(1024, 1100)]);
  });

  it("takes at most 64 MiB at a time, and a larger piece alone", () => {
    const [half, large] = [32 * mebi, 65 * mebi];
    expect(groupsOf([half, half, 16, large, 16, half])).toEqual([[0, 1], [2], [3], [4, 5]]);
  });

  it("gives the answer of the work, or what it threw when it was given", async () => {
    const queue = new WriteQueue();
    const answered = queue.add({ bytes: 0, plan: () => (root) => `after ${root}` });
    const failed = queue.add({
      bytes: 0,
      plan: () => () => {
        throw new Error("no answer");
      },
    });
    const refusal = expect(failed).rejects.toThrow("no answer");
    for (const { plan } of queue.takeGroup()) plan(undefined as never)("r");
    expect(await answered).toBe("after r");
    await refusal;
  });
});

describe("writeBytes", () => {
  it("counts ids, vectors and metadata", () => {
    const ids = new Uint8Array(32);
    const metadata = packBytes([new Uint8Array(3), new Uint8Array(4)]);
    const vectors = new Float32Array(10);
    expect(writeBytes({ kind: "insert", ids, vectors, metadata })).toBe(32 + 40 + 7);
    expect(writeBytes({ kind: "update", ids, metadata_mode: "merge" })).toBe(32);
    expect(writeBytes({ kind: "delete", ids })).toBe(32);
    expect(writeBytes({ kind: "delete", filter: {} })).toBe(0);
  });
});
