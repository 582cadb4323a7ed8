/** Full disks and failing syncs: a clear error, nothing lost, nothing half done. */
import { describe, expect, it } from "vitest";
import { DvespError } from "../../../src/base/index.js";
import { MemoryTables, openRowStore } from "../../../src/storage/index.js";
import { allVectors, emptyBatch, storeContent } from "../../conformance/storage-rows.js";
import { dimension, directory, seed, world } from "./faulty-world.js";

describe(`a full disk (SEED=${seed})`, () => {
  it("refuses a batch at any byte of it, and takes it when there is room", async () => {
    const { disk, open, insert, verify } = world();
    const store = await open();
    await store.commit(insert(0, 30));
    const before = storeContent(store);
    const usedBytes = disk.medium.usedBytes;
    const batch = insert(30, 90);
    // More room than the check before a commit wants, as others fill the disk meanwhile.
    disk.freeBytes = () => Promise.resolve(2 ** 40);
    for (const room of [0, 1, 63, 64, 1280, 1300, 5000, 8000, 11_000]) {
      disk.medium.limitBytes(usedBytes + room);
      await expect(store.commit(batch)).rejects.toMatchObject({ code: "STORAGE_FULL" });
      expect(storeContent(store)).toEqual(before);
      expect(disk.medium.usedBytes).toBe(usedBytes);
    }
    await store.commit({ ...emptyBatch, appliedVersion: "small" });
    disk.medium.limitBytes(Infinity);
    await store.commit(batch);
    expect(store.rows).toBe(120);
    expect((await allVectors(store)).subarray(30 * dimension)).toEqual(batch.vectors);
    await store.close();
    expect((await verify()).problems).toEqual([]);
  });

  it("keeps a reserve that commits do not touch", async () => {
    const { disk, open, insert } = world();
    const store = await open(10_000);
    disk.medium.limitBytes(disk.medium.usedBytes + 10_100);
    const refused = store.commit(insert(0, 10));
    await expect(refused).rejects.toThrow(/10000 stay in reserve/);
    await expect(store.commit(insert(0, 10))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(store).toMatchObject({ rows: 0, nextOrdinal: 0 });
    disk.medium.limitBytes(Infinity);
    await store.commit(insert(0, 10));
    await store.close();
  });

  it("of the table takes the vectors back, and goes on", async () => {
    const { disk, tables, open, insert } = world();
    const store = await open();
    await store.commit(insert(0, 10));
    const usedBytes = disk.medium.usedBytes;
    tables.failNextCommit(new DvespError("STORAGE_FULL", "the map is full"));
    await expect(store.commit(insert(10, 80))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(store).toMatchObject({ rows: 10, nextOrdinal: 10 });
    expect(disk.medium.usedBytes).toBe(usedBytes);
    await store.commit(insert(10, 80));
    expect(store.rows).toBe(90);
    await store.close();
  });
});

describe("a medium that fails", () => {
  it.each([1, 2, 3])("at sync %d of a commit stops writes until it is opened anew", async (nth) => {
    const { disk, open, insert, verify } = world();
    const store = await open();
    await store.commit(insert(0, 10));
    const before = storeContent(store);
    disk.medium.failSync(nth);
    const batch = insert(10, 80);
    await expect(store.commit(batch)).rejects.toMatchObject({ code: "INTERNAL" });
    expect(storeContent(store)).toEqual(before);
    await expect(store.commit(batch)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(store.commit(batch)).rejects.toThrow(/opened anew.*EIO/);
    await store.close();

    const again = await open();
    expect(storeContent(again)).toEqual(before);
    await again.commit(batch);
    expect(again.rows).toBe(90);
    await again.close();
    expect((await verify()).problems).toEqual([]);
  });

  it("in the table's commit stops writes likewise", async () => {
    const { tables, open, insert } = world();
    const store = await open();
    tables.failNextCommit(new DvespError("INTERNAL", "EIO"));
    await expect(store.commit(insert(0, 1))).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(store.commit(insert(0, 1))).rejects.toMatchObject({ code: "CLOSED" });
    expect(store.rows).toBe(0);
    await store.close();
  });
});

describe("opening for writing", () => {
  it("cuts off what no record refers to", async () => {
    const { disk, open, insert } = world();
    const store = await open();
    await store.commit(insert(0, 60));
    await store.close();
    const usedBytes = disk.medium.usedBytes;
    const tail = await disk.open("/store/vectors-0000000050.f32", "write");
    await tail.write(new Uint8Array(999), await tail.size());
    await tail.close();
    const stray = await disk.open("/store/vectors-0000000100.f32", "create");
    await stray.write(new Uint8Array(999), 0);
    await stray.close();
    await (await open()).close();
    expect(disk.medium.usedBytes).toBe(usedBytes);
    expect(await disk.list("/store")).toEqual([
      "table",
      "vectors-0000000000.f32",
      "vectors-0000000050.f32",
    ]);
  });

  it("refuses a store whose vector file is missing, short, or another's", async () => {
    const { disk, open, insert } = world();
    const store = await open();
    await store.commit(insert(0, 60));
    await store.close();
    const path = "/store/vectors-0000000050.f32";
    disk.corrupt(path, 13, 1);
    await expect(open()).rejects.toThrow(/vectors-0000000050.f32: its header/);
    disk.corrupt(path, 13, 1);
    const file = await disk.open(path, "write");
    await file.truncate((await file.size()) - 1);
    await file.close();
    await expect(open()).rejects.toThrow(/4735 bytes where records refer to 4736/);
    await disk.unlink(path);
    await expect(open()).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    await expect(open()).rejects.toThrow(/vectors-0000000050.f32 is missing/);
  });

  it("does not take vector files without a table for an empty store", async () => {
    const { disk, open, insert } = world();
    const store = await open();
    await store.commit(insert(0, 5));
    await store.close();
    const options = { directory, disk, dimension, mode: "write" } as const;
    const orphaned = openRowStore({ ...options, openTable: new MemoryTables().open });
    await expect(orphaned).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    const again = await open();
    expect(again.rows).toBe(5);
    await again.close();
  });
});
