import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MemoryDisk, seededRandom, systemDisk, VirtualClock } from "../../../src/base/index.js";
import { diskErrorSuite, diskSuite } from "../../conformance/disk-suite.js";

diskSuite("system", async () => {
  const root = await mkdtemp(join(tmpdir(), "dvesp-disk-"));
  return { disk: systemDisk, root, dispose: () => rm(root, { recursive: true }) };
});

diskSuite("memory", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("/root");
  return { disk, root: "/root", dispose: () => Promise.resolve() };
});

diskErrorSuite();

describe("memory disk", () => {
  const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

  async function withFile(content: Uint8Array) {
    const disk = new MemoryDisk();
    await disk.makeDirectory("/d");
    const file = await disk.open("/d/a", "create");
    await file.write(content, 0);
    return { disk, file };
  }

  async function contentOf(disk: MemoryDisk): Promise<Uint8Array | undefined> {
    if (!(await disk.list("/d")).includes("a")) return undefined;
    const file = await disk.open("/d/a", "read");
    const left = new Uint8Array(await file.size());
    await file.read(left, 0);
    return left;
  }

  it("keeps in a crash what was synced, names and bytes", async () => {
    const { disk, file } = await withFile(bytes(2000, 1));
    await file.datasync();
    await disk.syncDirectory("/d");
    for (let seed = 0; seed < 50; seed++) {
      expect(await contentOf(disk.crash(seededRandom(seed)))).toEqual(bytes(2000, 1));
    }
  });

  it("loses or tears what was not synced, sector by sector", async () => {
    const { disk, file } = await withFile(bytes(2048, 1));
    await file.datasync();
    await disk.syncDirectory("/d");
    await file.write(bytes(2048, 2), 0);
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const left = (await contentOf(disk.crash(seededRandom(seed)))) as Uint8Array;
      const sectors = [0, 512, 1024, 1536].map((at) => left[at] as number);
      expect(left.every((byte, at) => byte === sectors[at >> 9])).toBe(true);
      outcomes.add(sectors.join(""));
    }
    expect(outcomes.size).toBe(16);
    expect(await contentOf(disk)).toEqual(bytes(2048, 2));
  });

  it("may lose a file whose directory was not synced", async () => {
    const { disk, file } = await withFile(bytes(10, 1));
    await file.datasync();
    const found = new Set<boolean>();
    for (let seed = 0; seed < 50; seed++) {
      found.add((await contentOf(disk.crash(seededRandom(seed)))) !== undefined);
    }
    expect(found).toEqual(new Set([true, false]));
  });

  it("writes what fits when there is no room, and the rest once there is", async () => {
    const { disk, file } = await withFile(bytes(100, 1));
    disk.medium.limitBytes(150);
    await expect(file.write(bytes(100, 2), 100)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(await file.size()).toBe(150);
    expect(await disk.freeBytes()).toBe(0);
    await file.truncate(100);
    expect(await disk.freeBytes()).toBe(50);
    disk.medium.limitBytes(1000);
    await file.write(bytes(100, 2), 100);
    expect(await file.size()).toBe(200);
    await disk.unlink("/d/a");
    expect(disk.medium.usedBytes).toBe(0);
  });

  it("forgets what a failed sync should have saved, as Linux does", async () => {
    const { disk, file } = await withFile(bytes(512, 1));
    await file.datasync();
    await disk.syncDirectory("/d");
    await file.write(bytes(512, 2), 0);
    disk.medium.failSync(1);
    await expect(file.datasync()).rejects.toMatchObject({ code: "EIO" });
    await file.datasync();
    const survivors = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      survivors.add(((await contentOf(disk.crash(seededRandom(seed)))) as Uint8Array)[0] as number);
    }
    expect(survivors).toEqual(new Set([1, 2]));
  });

  it("takes the time it was told to", async () => {
    const { disk, file } = await withFile(bytes(1, 1));
    const clock = new VirtualClock();
    disk.medium.slowDown(clock, 10);
    let done = false;
    const syncing = file.datasync().then(() => (done = true));
    await clock.advance(9);
    expect(done).toBe(false);
    await clock.advance(1);
    await syncing;
  });
});
