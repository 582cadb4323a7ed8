import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../src/base/index.js";
import { ShortKinds } from "../../../../src/actors/caller/short-kinds.js";
import { searchFor } from "../searcher-world.js";

const dimension = 100;
const plain = searchFor(1, { top_k: 10 });

describe("ShortKinds", () => {
  it("takes no search for short that says itself that it is not", () => {
    const kinds = new ShortKinds(new VirtualClock(), dimension);
    expect(kinds.isShort(plain)).toBe(true);
    expect(kinds.isShort(searchFor(1, { top_k: 10, include_vectors: true }))).toBe(true);
    const long = [
      { exact: true },
      { recall: 1 },
      { after: "token" },
      { top_k: 101 },
      { offset: 96, top_k: 5 },
      { ef: 257 },
      { nprobe: 300 },
    ];
    for (const changes of long) expect(kinds.isShort(searchFor(1, changes))).toBe(false);
    const wide = new ShortKinds(new VirtualClock(), 4096);
    expect(wide.isShort(searchFor(1, { top_k: 17, include_vectors: true }))).toBe(false);
  });

  const noteMany = (kinds: ShortKinds, count: number, tookMs: number): void => {
    for (let n = 0; n < count; n++) kinds.note(plain, tookMs);
  };

  const noteUntilLong = (kinds: ShortKinds): void => {
    for (let n = 0; kinds.isShort(plain); n++) {
      expect(n).toBeLessThan(12);
      kinds.note(plain, 1);
    }
  };

  it("leaves a kind to workers that takes long on average, and tries it again later", async () => {
    const clock = new VirtualClock();
    const kinds = new ShortKinds(clock, dimension);
    noteMany(kinds, 100, 0.45);
    kinds.note(plain, 1);
    expect(kinds.isShort(plain)).toBe(true);
    for (const restMs of [100, 200, 400]) {
      noteUntilLong(kinds);
      expect(kinds.isShort(searchFor(1, { top_k: 10, ef: 12 }))).toBe(true);
      await clock.advance(restMs - 1);
      expect(kinds.isShort(plain)).toBe(false);
      await clock.advance(1);
      expect(kinds.isShort(plain)).toBe(true);
    }
    noteMany(kinds, 100, 0.1);
    noteUntilLong(kinds);
    await clock.advance(100);
    expect(kinds.isShort(plain)).toBe(true);
  });

  it("rests ten seconds at most", async () => {
    const clock = new VirtualClock();
    const kinds = new ShortKinds(clock, dimension);
    for (let n = 0; n < 20; n++) noteMany(kinds, 12, 1);
    await clock.advance(10_000);
    expect(kinds.isShort(plain)).toBe(true);
  });

  it("is not put off by a few searches that were held up, and is by five that were given up", () => {
    const kinds = new ShortKinds(new VirtualClock(), dimension);
    noteMany(kinds, 4, 5);
    expect(kinds.isShort(plain)).toBe(true);
    noteMany(kinds, 1, 5);
    expect(kinds.isShort(plain)).toBe(false);
  });
});
