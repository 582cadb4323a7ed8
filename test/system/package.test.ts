/** What is shipped stands on what a user installs with it, and nothing else. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const dist = join(import.meta.dirname, "../../dist");
const named = /(?:\bfrom|\bimport|\bimport\(|createRequire\(.*\)\() ?"([@a-z][^"]*)"/g;

const files = readdirSync(dist, { recursive: true, encoding: "utf8" });
const codes = files
  .filter((path) => path.endsWith(".js"))
  .map((path) => readFileSync(join(dist, path), "utf8"));

describe("the package", () => {
  it("imports all of its dependencies but rxjs, whose types it has, and no other package", () => {
    const found = codes.flatMap((code) => [...code.matchAll(named)].map(([, name = ""]) => name));
    const packages = new Set(found.filter((name) => !name.startsWith("node:")));
    const declared = Object.keys(manifest.dependencies).filter((name) => name !== "rxjs");
    expect([...packages].sort()).toEqual(declared.sort());
  });

  it("carries the licences of what is bundled", () => {
    const texts = readFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["rxjs", "tslib", "zod", "@msgpack/msgpack"]) {
      expect(texts).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
    }
  });
});
