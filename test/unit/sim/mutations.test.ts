import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mutated, mutations } from "../../sim/mutations.js";

describe("the planted faults of the simulation", () => {
  it.each(mutations)("fit the sources: $name", (mutation) => {
    const source = readFileSync(new URL(`../../../${mutation.file}`, import.meta.url), "utf8");
    expect(mutated(mutation, source)).not.toBe(source);
  });
});
