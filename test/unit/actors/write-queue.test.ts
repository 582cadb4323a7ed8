import { describe, expect, it } from "vitest";
import { packBytes } from "../../../src/base/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import { WriteQueue, writeBytes } from "../../../src/actors/replica/write-queue.js";

const mebi = 1024 * 1024;

function queueOf(writes: readonly PackedWrite[]): WriteQueue<string> {
  const queue = new WriteQueue<string>();
  writes.forEach((write, index) => {
    const operation_id = String(index);
    const deadline_ms = Infinity;
    const message = { type: "write", operation_id, deadline_ms, version: "v", write } as const;
    queue.push({ message, answer: () => undefined, refuse: () => undefined });
  });
  return queue;
}

/** Operation ids, group by group. */
function groupsOf(queue: WriteQueue<string>): string[][] {
  const groups: string[][] = [];
  while (queue.length > 0) {
    groups.push(queue.takeGroup().map(({ message }) => message.operation_id));
  }
  return groups;
}

function insertOfBytes(bytes: number): PackedWrite {
  const vectors = new Float32Array(bytes / 4);
  return { kind: "insert", ids: new Uint8Array(0), vectors, metadata: packBytes([]) };
}

const small: PackedWrite = { kind: "delete", ids: new Uint8Array(16) };
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

describe("WriteQueue", () => {
  it("hands out all that waits, in order of arrival", () => {
    expect(groupsOf(queueOf([small, small, small]))).toEqual([["0", "1", "2"]]);
    expect(queueOf([]).takeGroup()).toEqual([]);
  });

  it("takes at most 512 writes at a time", () => {
    const groups = groupsOf(queueOf(new Array<PackedWrite>(1100).fill(small)));
    expect(groups).toEqual([names(0, 512), names(512, 1024), names(1024, 1100)]);
  });

  it("takes at most 64 MiB at a time, and a larger write alone", () => {
    const half = insertOfBytes(32 * mebi);
    const large = insertOfBytes(65 * mebi);
    expect(groupsOf(queueOf([half, half, small, large, small, half]))).toEqual([
      ["0", "1"],
      ["2"],
      ["3"],
      ["4", "5"],
    ]);
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
