import { describe, expect, it } from "vitest";
import { Leisure } from "../../../src/actors/index-builder/leisure.js";

describe("Leisure", () => {
  it("rests thirty times as long as the work took", () => {
    const leisure = new Leisure();
    expect(leisure.leftMs(5)).toBe(0);
    leisure.worked("leisure", 100, 110);
    expect(leisure.leftMs(110)).toBe(300);
    expect(leisure.leftMs(400)).toBe(10);
    expect(leisure.leftMs(500)).toBe(0);
  });

  it("rests less after what is needed sooner", () => {
    const leisure = new Leisure();
    leisure.worked("later", 100, 110);
    expect(leisure.leftMs(110)).toBe(100);
    leisure.worked("soon", 200, 210);
    expect(leisure.leftMs(210)).toBe(30);
  });

  it("rests 20 ms at least", () => {
    const leisure = new Leisure();
    leisure.worked("leisure", 100, 100);
    expect(leisure.leftMs(100)).toBe(20);
  });
});
