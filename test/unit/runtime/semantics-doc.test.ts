import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = new URL("../../../", import.meta.url).pathname;
const page = readFileSync(join(root, "docs/RUNTIME-SEMANTICS.md"), "utf8");
const guarantees = [...page.matchAll(/^- \*\*(R\d+)\*\*/gm)].map(([, number]) => number as string);

/** The numbers that titles of tests begin with, such as `R3:` or `R35, R36:`. */
function testedNumbers(): Set<string> {
  const tested = new Set<string>();
  for (const name of readdirSync(join(root, "test"), { recursive: true }) as string[]) {
    if (!name.endsWith(".ts")) continue;
    const source = readFileSync(join(root, "test", name), "utf8");
    for (const [, numbers] of source.matchAll(/["`]((?:R\d+(?:, )?)+):/g)) {
      for (const number of (numbers as string).split(", ")) tested.add(number);
    }
  }
  return tested;
}

describe("docs/RUNTIME-SEMANTICS.md", () => {
  it("numbers its guarantees from R1 without gaps", () => {
    expect(guarantees).toEqual(guarantees.map((_, index) => `R${index + 1}`));
    expect(guarantees.length).toBeGreaterThan(30);
  });

  it("names no guarantee without a test, and tests name none that is not there", () => {
    expect([...testedNumbers()].sort()).toEqual([...guarantees].sort());
  });
});
