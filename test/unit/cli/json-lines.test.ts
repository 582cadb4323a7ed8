import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines, openJsonLines } from "../../../src/cli/json-lines.js";
import type { ImportBatch } from "../../../src/cli/batch.js";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "dvesp-lines-"))));
afterAll(() => rm(directory, { recursive: true }));

let files = 0;
async function fileOf(text: string): Promise<string> {
  const path = join(directory, `${++files}.jsonl`);
  await writeFile(path, text);
  return path;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function batchesOf(lines: readonly unknown[], rows: number): Promise<ImportBatch[]> {
  const path = await fileOf(lines.map((one) => JSON.stringify(one)).join("\n"));
  return all(openJsonLines(path).batches(rows));
}

describe("jsonLines", () => {
  it("gives each line's value and number, and skips empty lines", async () => {
    const path = await fileOf('{"a":1}\r\n\n  \n[2]\n"drei"\nnull');
    expect(await all(jsonLines(path))).toEqual([
      { value: { a: 1 }, line: 1 },
      { value: [2], line: 4 },
      { value: "drei", line: 5 },
      { value: null, line: 6 },
    ]);
    expect(await all(jsonLines(await fileOf("")))).toEqual([]);
  });

  it("reads lines longer than a block, and characters across blocks", async () => {
    const long = "ü€😀".repeat(30_000);
    const path = await fileOf(`${JSON.stringify(long)}\n${JSON.stringify([long])}\n`);
    const [first, second] = await all(jsonLines(path));
    expect(first?.value === long).toBe(true);
    expect((second?.value as string[])[0] === long).toBe(true);
  });

  it("does not take separators that JSON allows inside a text for ends of lines", async () => {
    const text = "a\u2028b\u2029c\u0085d";
    const path = await fileOf(`${JSON.stringify(text)}\n2\n`);
    expect(await all(jsonLines(path))).toEqual([
      { value: text, line: 1 },
      { value: 2, line: 2 },
    ]);
  });

  it("names file and line of what is not JSON", async () => {
    const path = await fileOf('1\n2\n{"a":\n4');
    await expect(all(jsonLines(path))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(`${path}:3: `) as string,
    });
  });

  it("says when the file is not there", async () => {
    await expect(all(jsonLines(join(directory, "none")))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("can be left early", async () => {
    const lines = jsonLines(await fileOf("1\n2\nnot JSON"));
    expect((await lines.next()).value).toEqual({ value: 1, line: 1 });
    await lines.return(undefined);
    expect(await lines.next()).toEqual({ value: undefined, done: true });
  });
});

describe("openJsonLines", () => {
  const id = (n: number): string => `00000000-0000-0000-0000-00000000000${n}`;

  it("packs rows into batches", async () => {
    const rows = [1, 2, 3, 4, 5].map((n) => ({ id: id(n), vector: [n, n / 2], metadata: { n } }));
    const batches = await batchesOf(rows, 2);
    expect(batches.map(({ ids }) => ids)).toEqual([[id(1), id(2)], [id(3), id(4)], [id(5)]]);
    expect(batches.map(({ data }) => [...data])).toEqual([
      [1, 0.5, 2, 1],
      [3, 1.5, 4, 2],
      [5, 2.5],
    ]);
    expect(batches[2]).toEqual({
      dimension: 2,
      data: Float32Array.of(5, 2.5),
      metadata: [{ n: 5 }],
      ids: [id(5)],
    });
    expect(await batchesOf(rows.slice(0, 4), 2)).toHaveLength(2);
    expect(await batchesOf([], 2)).toEqual([]);
  });

  it("needs neither ids nor metadata", async () => {
    const [batch] = await batchesOf([{ vector: [1] }, { vector: [2], metadata: { a: 1 } }], 10);
    expect(batch).toEqual({
      dimension: 1,
      data: Float32Array.of(1, 2),
      metadata: [{}, { a: 1 }],
    });
  });

  it.each([
    { line: {}, message: 'no "vector"' },
    { line: null, message: 'no "vector"' },
    { line: [1, 2], message: 'no "vector"' },
    { line: { vector: "1,2" }, message: 'no "vector"' },
    { line: { vector: [1, "2"] }, message: 'no "vector"' },
    { line: { vector: [1, null] }, message: 'no "vector"' },
    { line: { vector: [1, 2, 3] }, message: "dimension 3, not 2" },
    { line: { vector: [1, 2], id: id(1) }, message: '"id"' },
  ])("refuses $line after good rows, naming the line", async ({ line, message }) => {
    const good = { vector: [1, 2] };
    await expect(batchesOf([good, good, line], 10)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(`:3: .*${message}`) as string,
    });
  });

  it("gives the whole batches that stand before a bad line", async () => {
    const path = await fileOf('{"vector":[1]}\n{"vector":[2]}\n{"vector":[3]}\n{"no":1}\n');
    const batches: ImportBatch[] = [];
    const read = async (): Promise<void> => {
      for await (const batch of openJsonLines(path).batches(2)) batches.push(batch);
    };
    await expect(read()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(batches.map(({ data }) => [...data])).toEqual([[1, 2]]);
  });
});
