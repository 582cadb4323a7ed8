import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MemoryDisk, systemDisk } from "../../../src/base/index.js";
import { MemoryTables, openRowStore, verifyRowStore } from "../../../src/storage/index.js";
import { storageSuite } from "../../conformance/storage-suite.js";

const shared = {
  dimension: 8,
  settings: Buffer.from("first"),
  reserveBytes: 0,
  vectorFileBytes: 4096 + 100 * 32,
};

storageSuite("LMDB and files", async () => {
  const root = await mkdtemp(join(tmpdir(), "dvesp-storage-"));
  const directory = join(root, "store");
  return {
    open: (mode, changes) =>
      openRowStore({ ...shared, ...changes, directory, disk: systemDisk, mode }),
    async dispose() {
      const report = await verifyRowStore({ directory, disk: systemDisk });
      expect(report.problems).toEqual([]);
      await rm(root, { recursive: true });
    },
  };
});

storageSuite("in memory", () => {
  const disk = new MemoryDisk();
  const openTable = new MemoryTables().open;
  return Promise.resolve({
    open: (mode, changes) =>
      openRowStore({ ...shared, ...changes, directory: "/store", disk, openTable, mode }),
    async dispose() {
      const report = await verifyRowStore({ directory: "/store", disk, openTable });
      expect(report.problems).toEqual([]);
    },
  });
});

storageSuite("in memory, with ids in runs", () => {
  const disk = new MemoryDisk();
  const openTable = new MemoryTables().open;
  const idRuns = { runIdsMin: 1, mergeIdsMin: 30, sliceIds: 7 };
  return Promise.resolve({
    open: (mode, changes) =>
      openRowStore({ ...shared, ...changes, directory: "/store", disk, openTable, mode, idRuns }),
    async dispose() {
      const report = await verifyRowStore({ directory: "/store", disk, openTable });
      expect(report.problems).toEqual([]);
    },
  });
});

describe("opening a row store", () => {
  it("finds no store to read or verify where there is none", async () => {
    const disk = new MemoryDisk();
    const openTable = new MemoryTables().open;
    const nowhere = { directory: "/none", disk, openTable };
    const reading = openRowStore({ ...nowhere, dimension: 8, mode: "read" });
    await expect(reading).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(verifyRowStore(nowhere)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each([0, 4097, NaN])("refuses to make one of dimension %d", async (dimension) => {
    const openTable = new MemoryTables().open;
    const options = { directory: "/s", disk: new MemoryDisk(), openTable, dimension };
    const making = openRowStore({ ...options, mode: "write" });
    await expect(making).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
