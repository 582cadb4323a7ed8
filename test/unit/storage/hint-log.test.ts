import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DvespError, MemoryDisk } from "../../../src/base/index.js";
import { HintLog, MemoryTables, systemStorage } from "../../../src/storage/index.js";
import type { NewHint } from "../../../src/storage/index.js";

const directory = "/hints";

class World {
  readonly disk = new MemoryDisk();
  tables = new MemoryTables();

  open(bounds: { bytesMax?: number; countMax?: number; reserveBytes?: number } = {}) {
    const { disk, tables } = this;
    const all = { bytesMax: 1e9, countMax: 1e6, reserveBytes: 0, ...bounds };
    return HintLog.open({ directory, disk, openTable: tables.open, ...all });
  }
}

const hint = (target: string, n: number, bytes = 4): NewHint => ({
  target,
  timeMs: 1000 + n,
  bytes: new Uint8Array(bytes).fill(n),
});
const numbersOf = (log: HintLog, target: string, bytesMax = 1e9): (number | undefined)[] =>
  log.read(target, bytesMax).hints.map(({ bytes }) => bytes[0]);

describe("a hint log", () => {
  it("keeps hints in order for each target, also for the next life", async () => {
    const world = new World();
    const log = await world.open();
    await log.append([hint("n2", 1), hint("n3", 2)]);
    await log.append([hint("n2", 3)]);
    expect(numbersOf(log, "n2")).toEqual([1, 3]);
    world.tables = world.tables.crash();
    const next = await world.open();
    expect(next.targets().sort()).toEqual(["n2", "n3"]);
    await next.append([hint("n2", 4)]);
    expect(numbersOf(next, "n2")).toEqual([1, 3, 4]);
    expect(next.bytes).toBe(16);
  });

  it("gives about as much as asked for, and forgets what is confirmed", async () => {
    const log = await new World().open();
    await log.append([1, 2, 3, 4].map((n) => hint("n2", n, 100)));
    const first = log.read("n2", 150);
    expect(first.hints).toHaveLength(2);
    await log.remove("n2", first.upTo);
    expect(numbersOf(log, "n2", 1)).toEqual([3]);
    await log.remove("n2", log.read("n2", 1e9).upTo);
    expect(log.targets()).toEqual([]);
    expect([log.count, log.bytes]).toEqual([0, 0]);
    expect(log.read("n2", 1)).toEqual({ hints: [], damaged: 0, upTo: 0 });
  });

  it("drops the oldest of all when there are too many, and says how many", async () => {
    const log = await new World().open({ bytesMax: 1000 });
    expect(await log.append([1, 2, 3].map((n) => hint("n2", n, 200)))).toBe(0);
    expect(await log.append([4, 5, 6].map((n) => hint("n3", n, 200)))).toBe(2);
    expect([...numbersOf(log, "n2"), ...numbersOf(log, "n3")]).toEqual([3, 4, 5, 6]);
    const few = await new World().open({ countMax: 10 });
    expect(await few.append(Array.from({ length: 20 }, (_, n) => hint("n2", n)))).toBe(11);
  });

  it("drops what is too old", async () => {
    const log = await new World().open();
    await log.append([hint("n2", 1), hint("n3", 2), hint("n2", 3)]);
    expect(await log.expire(1003)).toBe(2);
    expect(log.targets()).toEqual(["n2"]);
  });

  it("passes over what is damaged", async () => {
    const world = new World();
    const log = await world.open();
    await log.append([hint("n2", 1), hint("n2", 2)]);
    const key = Uint8Array.of(1, 2, ...Buffer.from("n2"), 0, 0, 0, 0, 0, 0, 0, 1);
    world.tables.corrupt(directory, { key, value: new Uint8Array(20) });
    const page = log.read("n2", 1e9);
    expect([page.hints.length, page.damaged, page.upTo]).toEqual([1, 1, 2]);
    const next = await world.open();
    expect(numbersOf(next, "n2")).toEqual([2]);
  });

  it("refuses when the disk is full, and is as it was before", async () => {
    const world = new World();
    const log = await world.open();
    await log.append([hint("n2", 1)]);
    world.tables.failNextCommit(new DvespError("STORAGE_FULL", "full"));
    await expect(log.append([hint("n2", 2)])).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await log.append([hint("n2", 3)]);
    expect(numbersOf(log, "n2")).toEqual([1, 3]);
    world.disk.medium.limitBytes(1000);
    const narrow = await world.open({ reserveBytes: 1000 });
    await expect(narrow.append([hint("n2", 4)])).rejects.toMatchObject({ code: "STORAGE_FULL" });
  });

  it("is on the machine's disk what it is in memory", async () => {
    const path = await mkdtemp(join(tmpdir(), "dvesp-hints-"));
    const { disk, openTable } = systemStorage;
    const options = { directory: join(path, "hints"), disk, openTable };
    const bounds = { bytesMax: 1e9, countMax: 1e6, reserveBytes: 0 };
    const log = await HintLog.open({ ...options, ...bounds });
    await log.append([hint("n2", 1), hint("n2", 2, 200_000), hint("n3", 3)]);
    await log.remove("n3", 3);
    await log.close();
    const next = await HintLog.open({ ...options, ...bounds });
    expect(next.targets()).toEqual(["n2"]);
    expect(numbersOf(next, "n2")).toEqual([1, 2]);
    await next.close();
    await rm(path, { recursive: true });
  });
});
