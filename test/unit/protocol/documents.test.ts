/** docs/API.md and docs/FILTERS.md against what the code does. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCodes, limits } from "../../../src/base/index.js";
import { parseFilter } from "../../../src/filters/index.js";
import { errorKinds, routes, rowOperations } from "../../../src/protocol/index.js";

/** The text of a document, without the spaces that align its tables. */
function documentOf(name: string): string {
  const text = readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
  return text.replace(/ +/g, " ");
}

const api = documentOf("API.md");
const filters = documentOf("FILTERS.md");

describe("docs/API.md", () => {
  it("has every operation, with its route", () => {
    const managed = ["create", "list", "describe", "drop"];
    const named = managed.map((verb) => `${verb}_collection${verb === "list" ? "s" : ""}`);
    for (const operation of [...rowOperations, ...named]) {
      expect(api).toContain(`\n### ${operation}\n`);
    }
    for (const { method, path } of Object.values(routes))
      expect(api).toContain(`\`${method} ${path}`);
  });

  it("has every error with its status", () => {
    for (const code of errorCodes)
      expect(api).toContain(`| \`${code}\` | ${errorKinds[code].status} |`);
  });

  it("has the limits", () => {
    const { topKMax, offsetMax, batchRowsMax, batchQueriesMax, pageRowsMax, dimensionMax } = limits;
    for (const limit of [
      topKMax,
      offsetMax,
      batchRowsMax,
      batchQueriesMax,
      pageRowsMax,
      dimensionMax,
    ]) {
      expect(api).toContain(limit.toLocaleString("en"));
    }
    expect(api).toContain(`${limits.timeoutMsMax.toLocaleString("en")}, default 5,000`);
  });
});

describe("docs/FILTERS.md", () => {
  it("has every operator, and its examples are filters", () => {
    const operators =
      "$eq $ne $gt $gte $lt $lte $in $nin $exists $contains $all $size $regex $options $and $or $nor $not";
    for (const operator of operators.split(" ")) expect(filters).toContain(`\`${operator}\``);
    const examples = [...filters.matchAll(/`(\{ "[a-z](?:[^`])*\})`|```json\n([^`]*)```/g)];
    const sources = examples.map(([, inline, block]) => inline ?? block ?? "");
    expect(sources.length).toBeGreaterThanOrEqual(8);
    for (const source of sources) expect(() => parseFilter(JSON.parse(source))).not.toThrow();
  });
});
