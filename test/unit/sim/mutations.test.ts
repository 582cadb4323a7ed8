import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mutated, mutations } from "../../sim/mutations.js";

describe("the planted faults of the simulation", () => {
  it.each(mutations)("fit the sources: $name", (mutation) => {
    const sources = mutated(mutation, sourceOf);
    for (const [file, source] of sources) expect(source).not.toBe(sourceOf(file));
  });
});

function sourceOf(file: string): string {
  return readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
}
