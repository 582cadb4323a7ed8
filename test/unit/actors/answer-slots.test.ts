import { describe, expect, it } from "vitest";
import { AnswerAreas } from "../../../src/actors/shard/answer-areas.js";
import { AnswerSlots } from "../../../src/actors/searcher/answer-slots.js";

describe("AnswerSlots", () => {
  it("gives each slot out once until it is let go", () => {
    const area = AnswerSlots.area(1);
    const searcher = new AnswerSlots(area);
    const main = new AnswerSlots(area);
    const taken: number[] = [];
    for (let slot = searcher.take(); slot !== undefined; slot = searcher.take()) taken.push(slot);
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken.length).toBeGreaterThanOrEqual(16);
    expect(main.used).toBe(taken.length);
    main.release(taken[5]!);
    expect(searcher.take()).toBe(taken[5]);
    expect(searcher.take()).toBeUndefined();
  });

  it("does not let a slot go twice", () => {
    const slots = new AnswerSlots(AnswerSlots.area(1));
    const slot = slots.take()!;
    slots.release(slot);
    expect(() => slots.release(slot)).toThrow(/once/);
  });

  it("keeps what one slot holds apart from the others", () => {
    const slots = new AnswerSlots(AnswerSlots.area(1));
    const [first, second] = [slots.take()!, slots.take()!];
    slots.memoryOf(first).fill(1);
    slots.memoryOf(second).fill(2);
    expect(slots.memoryOf(first).every((byte) => byte === 1)).toBe(true);
    expect(slots.used).toBe(2);
  });
});

describe("AnswerAreas", () => {
  it("reads an answer where the searcher left it, and lets it go", () => {
    const areas = new AnswerAreas();
    const searcher = new AnswerSlots(areas.open(0));
    const slot = searcher.take()!;
    searcher.memoryOf(slot).write("answer");
    const answer = areas.read({ area: searcher.id, slot, bytes: 6 });
    expect(Buffer.from(answer.body).toString()).toBe("answer");
    answer.release();
    expect(searcher.used).toBe(0);
  });

  it("gives the next run of a searcher memory of its own, and leaves that of others alone", () => {
    const areas = new AnswerAreas();
    const other = new AnswerSlots(areas.open(1));
    const dead = new AnswerSlots(areas.open(0));
    const slot = dead.take()!;
    const held = areas.read({ area: dead.id, slot, bytes: 1 });
    const next = new AnswerSlots(areas.open(0));
    expect(next.used).toBe(0);
    held.release();
    expect(next.take()).toBe(slot);
    expect(() => areas.read({ area: dead.id, slot, bytes: 1 })).toThrow(/answer area/);
    expect(areas.read({ area: other.id, slot: other.take()!, bytes: 2 }).body).toHaveLength(2);
  });

  it("takes answers that came in the message as they are", () => {
    const answer = new AnswerAreas().read(Uint8Array.of(1, 2));
    expect([...answer.body]).toEqual([1, 2]);
    answer.release();
  });
});
