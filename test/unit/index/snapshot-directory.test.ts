import { describe, expect, it } from "vitest";
import { MemoryDisk, seededRandom, type Disk } from "../../../src/base/index.js";
import { SnapshotDirectory } from "../../../src/index/snapshot-directory.js";

interface Details {
  readonly mark: number;
}

const directory = "/index";
const accepts = (): boolean => true;

async function writeDraft(
  snapshots: SnapshotDirectory<Details>,
  generation: number,
): Promise<void> {
  const file = await snapshots.disk.open(snapshots.draftPath(generation), "create");
  await file.write(new Uint8Array(3 * 1024 * 1024 + generation).fill(generation), 0);
  await file.close();
}

async function seal(
  snapshots: SnapshotDirectory<Details>,
  generation: number,
  previous: number,
): Promise<void> {
  await writeDraft(snapshots, generation);
  await snapshots.seal(generation, { mark: generation }, previous);
}

async function newestOn(disk: Disk): Promise<number | undefined> {
  const { newest } = await new SnapshotDirectory<Details>(directory, disk).open(accepts);
  expect(newest?.details.mark).toBe(newest?.generation);
  return newest?.generation;
}

describe("SnapshotDirectory", () => {
  it("keeps the newest two generations", async () => {
    const disk = new MemoryDisk();
    const snapshots = new SnapshotDirectory<Details>(directory, disk);
    expect(await snapshots.open(accepts)).toEqual({ newest: undefined, free: 1 });
    await seal(snapshots, 1, 1);
    await seal(snapshots, 2, 1);
    await seal(snapshots, 3, 2);
    expect(await disk.list(directory)).toEqual([
      "000000000002.index",
      "000000000002.manifest",
      "000000000003.index",
      "000000000003.manifest",
    ]);
    const { newest, free } = await snapshots.open(accepts);
    expect([newest?.generation, free]).toEqual([3, 4]);
  });

  it("removes what is no generation, and leaves strange files alone", async () => {
    const disk = new MemoryDisk();
    const snapshots = new SnapshotDirectory<Details>(directory, disk);
    await snapshots.open(accepts);
    await seal(snapshots, 1, 1);
    for (const name of ["000000000002.index", "000000000003.draft", "notes.txt"]) {
      await (await disk.open(`${directory}/${name}`, "create")).close();
    }
    expect((await snapshots.open(accepts)).newest?.generation).toBe(1);
    expect(await disk.list(directory)).toEqual([
      "000000000001.index",
      "000000000001.manifest",
      "notes.txt",
    ]);
  });

  it.each(["000000000002.index", "000000000002.manifest"])(
    "passes over a generation whose %s was damaged",
    async (name) => {
      for (const position of [0, 5, 40]) {
        const disk = new MemoryDisk();
        const snapshots = new SnapshotDirectory<Details>(directory, disk);
        await snapshots.open(accepts);
        await seal(snapshots, 1, 1);
        await seal(snapshots, 2, 1);
        expect(await newestOn(disk)).toBe(2);
        disk.corrupt(`${directory}/${name}`, position, 1);
        expect(await newestOn(disk)).toBe(1);
      }
    },
  );

  it("passes over a generation that is not accepted", async () => {
    const disk = new MemoryDisk();
    const snapshots = new SnapshotDirectory<Details>(directory, disk);
    await snapshots.open(accepts);
    await seal(snapshots, 1, 1);
    await seal(snapshots, 2, 1);
    const { newest, free } = await snapshots.open(({ mark }) => mark < 2);
    expect([newest?.generation, free]).toEqual([1, 3]);
  });

  it("has the older or the newer generation after a crash at any point", async () => {
    const random = seededRandom(1);
    const found: (number | undefined)[] = [];
    const disk = new MemoryDisk();
    const snapshots = new SnapshotDirectory<Details>(directory, disk);
    await snapshots.open(accepts);
    await seal(snapshots, 1, 1);
    const crashes: MemoryDisk[] = [];
    disk.medium.onSync = () => {
      for (let round = 0; round < 8; round++) crashes.push(disk.crash(random));
    };
    await seal(snapshots, 2, 1);
    crashes.push(disk.crash(random));
    for (const crashed of crashes) found.push(await newestOn(crashed));
    expect(new Set(found)).toEqual(new Set([1, 2]));
    expect(found.at(-1)).toBe(2);
  });

  it("leaves the older generation and no litter when the disk is full or fails", async () => {
    const faults: readonly ((disk: MemoryDisk) => void)[] = [
      (disk) => disk.medium.limitBytes(disk.medium.usedBytes),
      ...[1, 2, 3, 4].map((nth) => (disk: MemoryDisk) => disk.medium.failSync(nth)),
    ];
    for (const [index, fail] of faults.entries()) {
      const disk = new MemoryDisk();
      const snapshots = new SnapshotDirectory<Details>(directory, disk);
      await snapshots.open(accepts);
      await seal(snapshots, 1, 1);
      await writeDraft(snapshots, 2);
      fail(disk);
      await expect(snapshots.seal(2, { mark: 2 }, 1)).rejects.toMatchObject({
        code: index === 0 ? "STORAGE_FULL" : "INTERNAL",
      });
      expect(await disk.list(directory)).toEqual(["000000000001.index", "000000000001.manifest"]);
      disk.medium.limitBytes(Infinity);
      await seal(snapshots, 2, 1);
      expect(await newestOn(disk)).toBe(2);
    }
  });
});
