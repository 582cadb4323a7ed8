import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVectorFile } from "../../../src/cli/vector-file.js";
import type { ImportBatch } from "../../../src/cli/batch.js";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "dvesp-vectors-"))));
afterAll(() => rm(directory, { recursive: true }));

let files = 0;
async function fileOf(suffix: string, content: Uint8Array | string): Promise<string> {
  const path = join(directory, `${++files}${suffix}`);
  await writeFile(path, content);
  return path;
}

function header(rows: number, dimension: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(rows, 0);
  bytes.writeUInt32LE(dimension, 4);
  return bytes;
}

function fbin(rows: number, dimension: number, values: readonly number[]): Buffer {
  const body = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => body.writeFloatLE(value, index * 4));
  return Buffer.concat([header(rows, dimension), body]);
}

async function all(path: string, rows: number, metadata?: string): Promise<ImportBatch[]> {
  const found: ImportBatch[] = [];
  const source = await openVectorFile(path, metadata);
  for await (const batch of source.batches(rows)) found.push(batch);
  return found;
}

describe("openVectorFile", () => {
  it("reads float32 rows in batches", async () => {
    const values = [0.5, -1, 2, 3.25, 1e30, -0.125];
    const path = await fileOf(".fbin", fbin(3, 2, values));
    const source = await openVectorFile(path, undefined);
    expect(source.total).toBe(3);
    const [first, second, ...rest] = await all(path, 2);
    expect(first).toEqual({ dimension: 2, data: Float32Array.from(values.slice(0, 4)) });
    expect(second).toEqual({ dimension: 2, data: Float32Array.from(values.slice(4)) });
    expect(rest).toEqual([]);
    for await (const { data } of source.batches(100)) {
      expect(data).toEqual(Float32Array.from(values));
    }
  });

  it("reads uint8 rows as numbers", async () => {
    const path = await fileOf(
      ".u8bin",
      Buffer.concat([header(2, 3), Buffer.from([0, 1, 255, 7, 8, 9])]),
    );
    const batches = await all(path, 1);
    expect(batches.map(({ data }) => data)).toEqual([
      Float32Array.of(0, 1, 255),
      Float32Array.of(7, 8, 9),
    ]);
  });

  it("reads a file without rows", async () => {
    expect(await all(await fileOf(".fbin", header(0, 4)), 10)).toEqual([]);
  });

  it("gives row i the metadata of line i", async () => {
    const path = await fileOf(".fbin", fbin(3, 1, [1, 2, 3]));
    const lines = await fileOf(".jsonl", '{"n":1}\n{"n":2}\n{"n":3}\n');
    const batches = await all(path, 2, lines);
    expect(batches.map(({ metadata }) => metadata)).toEqual([[{ n: 1 }, { n: 2 }], [{ n: 3 }]]);
  });

  it.each([
    { what: "empty", bytes: Buffer.alloc(0) },
    { what: "shorter than a header", bytes: header(1, 1).subarray(0, 7) },
    { what: "a byte short", bytes: fbin(2, 2, [1, 2, 3, 4]).subarray(0, -1) },
    { what: "a byte long", bytes: Buffer.concat([fbin(1, 1, [1]), Buffer.alloc(1)]) },
    { what: "of dimension 0", bytes: header(0, 0) },
    { what: "of dimension 4097", bytes: fbin(1, 4097, new Array<number>(4097).fill(0)) },
    { what: "said to be huge", bytes: header(0xffffffff, 4096) },
  ])("refuses a file that is $what, with its size", async ({ bytes }) => {
    const path = await fileOf(".fbin", bytes);
    await expect(openVectorFile(path, undefined)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(`^${path}: .* not ${bytes.length}$`) as string,
    });
  });

  it("refuses float32 rows under the name of uint8 rows", async () => {
    const path = await fileOf(".u8bin", fbin(2, 2, [1, 2, 3, 4]));
    await expect(openVectorFile(path, undefined)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("says when there are fewer lines of metadata than rows", async () => {
    const path = await fileOf(".fbin", fbin(3, 1, [1, 2, 3]));
    const lines = await fileOf(".jsonl", '{"n":1}\n{"n":2}\n');
    await expect(all(path, 2, lines)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${lines} has fewer lines than there are rows`,
    });
  });

  it("says when the file ended while it was read", async () => {
    const path = await fileOf(".fbin", fbin(3, 1, [1, 2, 3]));
    const source = await openVectorFile(path, undefined);
    await writeFile(path, fbin(3, 1, [1, 2]));
    const read = async (): Promise<void> => {
      for await (const { data } of source.batches(2)) expect(data).toEqual(Float32Array.of(1, 2));
    };
    await expect(read()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${path} ends before row 3`,
    });
  });

  it("says when there is no such file", async () => {
    const opening = openVectorFile(join(directory, "none.fbin"), undefined);
    await expect(opening).rejects.toMatchObject({ code: "ENOENT" });
  });
});
