import { describe, expect, it } from "vitest";
import { placeOf } from "../../../../src/actors/caller/read-place.js";

const idle = { isCallerBusy: false, hasRoom: true, underWay: 0, leastBusy: 0 };

describe("placeOf", () => {
  it("answers a lone read on the thread of the caller, if need be in the next turn", () => {
    expect(placeOf(idle)).toBe("caller");
    expect(placeOf({ ...idle, hasRoom: false })).toBe("next_turn");
  });

  it("gives each worker a read first", () => {
    expect(placeOf({ ...idle, isCallerBusy: true, hasRoom: false })).toBe("worker");
    expect(placeOf({ ...idle, underWay: 1 })).toBe("worker");
  });

  it("lets the caller answer beside busy workers, one read at a time and while the turn has room", () => {
    const busy = { ...idle, underWay: 2, leastBusy: 1 };
    expect(placeOf(busy)).toBe("caller");
    expect(placeOf({ ...busy, isCallerBusy: true })).toBe("worker");
    expect(placeOf({ ...busy, hasRoom: false })).toBe("worker");
  });

  it("keeps reads back that no worker would begin soon", () => {
    const full = { isCallerBusy: false, hasRoom: false, underWay: 8, leastBusy: 8 };
    expect(placeOf(full)).toBe("next_turn");
    expect(placeOf({ ...full, hasRoom: true })).toBe("caller");
    expect(placeOf({ ...full, leastBusy: 7 })).toBe("worker");
  });
});
