import { describe, expect, it } from "vitest";
import { allDiffer, concatIds } from "../../../src/actors/replica/packed-rows.js";
import { hashUuid, uuidBytes } from "../../../src/base/index.js";

function idOf(number: number): Uint8Array {
  const id = new Uint8Array(uuidBytes);
  new DataView(id.buffer).setUint32(4, number);
  return id;
}

/** So many ids whose hashes end alike, as whoever chooses ids can find them. */
function meetingIds(count: number, mask: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let number = 0; found.length < count; number++) {
    const id = idOf(number);
    if ((hashUuid(id, 0) & mask) === 0) found.push(id);
  }
  return found;
}

describe("allDiffer", () => {
  it.each([
    { name: "counted ids", ids: Array.from({ length: 300 }, (_, number) => idOf(number)) },
    { name: "ids chosen to meet in one place of the table", ids: meetingIds(300, 1023) },
    { name: "one id", ids: [idOf(7)] },
    { name: "none", ids: [] },
  ])("tells whether one comes twice: $name", ({ ids }) => {
    expect(allDiffer(concatIds(ids))).toBe(true);
    for (const again of ids.slice(-1)) {
      expect(allDiffer(concatIds([...ids, again]))).toBe(false);
      expect(allDiffer(concatIds([again, ...ids]))).toBe(false);
    }
  });
});
