import { beforeEach, describe, expect, it } from "vitest";
import { MemoryDisk, readJsonFile, seededRandom, writeJsonFile } from "../../../src/base/index.js";

const seed = Number(process.env.SEED ?? 13);
const path = "/d/settings.json";

describe("a settings file", () => {
  let disk: MemoryDisk;
  beforeEach(async () => {
    disk = new MemoryDisk();
    await disk.makeDirectory("/d");
  });

  async function fill(text: string): Promise<void> {
    const file = await disk.open(path, "create");
    await file.write(Buffer.from(text), 0);
    await file.close();
  }

  it("is read back as it was written, and replaced as a whole", async () => {
    const long = { name: "ä".repeat(1000), list: [1, null, { deep: true }] };
    await writeJsonFile(disk, path, long);
    expect(await readJsonFile(disk, path)).toEqual(long);
    await writeJsonFile(disk, path, { short: 1 });
    expect(await readJsonFile(disk, path)).toEqual({ short: 1 });
    expect(await disk.list("/d")).toEqual(["settings.json"]);
  });

  it("is undefined when it is not there", async () => {
    expect(await readJsonFile(disk, path)).toBeUndefined();
    expect(await readJsonFile(disk, "/nowhere/settings.json")).toBeUndefined();
  });

  it.each(["", "{", '{"a": 1}}', "\u0000"])("of %j is damaged, and says which", async (text) => {
    await fill(text);
    await expect(readJsonFile(disk, path)).rejects.toMatchObject({
      code: "DATA_CORRUPTED",
      message: `${path} is not JSON`,
    });
  });

  it("is written although another attempt was left half done", async () => {
    const left = await disk.open(`${path}.new`, "create");
    await left.write(Buffer.alloc(10_000, 1), 0);
    await left.close();
    await writeJsonFile(disk, path, [1]);
    expect(await readJsonFile(disk, path)).toEqual([1]);
    expect(await disk.list("/d")).toEqual(["settings.json"]);
  });

  it("stays what it was when the disk is full", async () => {
    await writeJsonFile(disk, path, { old: true });
    disk.medium.limitBytes(disk.medium.usedBytes + 10);
    const writing = writeJsonFile(disk, path, { text: "x".repeat(100) });
    await expect(writing).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await readJsonFile(disk, path)).toEqual({ old: true });
    disk.medium.limitBytes(Infinity);
    await writeJsonFile(disk, path, { new: true });
    expect(await readJsonFile(disk, path)).toEqual({ new: true });
  });

  it("stays what it was when the medium fails before it is replaced", async () => {
    await writeJsonFile(disk, path, { old: true });
    disk.medium.failSync(1);
    const writing = writeJsonFile(disk, path, { new: true });
    await expect(writing).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await readJsonFile(disk, path)).toEqual({ old: true });
  });

  it(`is the old or the new one after a power cut at any point (SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    await writeJsonFile(disk, path, { version: 1 });
    const images: MemoryDisk[] = [];
    disk.medium.onSync = () => {
      for (let index = 0; index < 20; index++) images.push(disk.crash(random));
    };
    await writeJsonFile(disk, path, { version: 2 });
    disk.medium.onSync = () => undefined;
    const seen = new Set<unknown>();
    for (const image of images) {
      const found = await readJsonFile(image, path);
      seen.add(JSON.stringify(found));
      await writeJsonFile(image, path, { version: 3 });
      expect(await readJsonFile(image, path)).toEqual({ version: 3 });
    }
    expect(seen).toEqual(new Set(['{"version":1}', '{"version":2}']));
    for (let index = 0; index < 20; index++) {
      expect(await readJsonFile(disk.crash(random), path)).toEqual({ version: 2 });
    }
  });
});
