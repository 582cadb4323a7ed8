/** A store in memory whose disk and table fail when told to. */
import { MemoryDisk, seededRandom } from "../../../src/base/index.js";
import { MemoryTables, openRowStore, verifyRowStore } from "../../../src/storage/index.js";
import { insertion } from "../../conformance/storage-rows.js";

export const dimension = 16;
export const rowsPerFile = 50;
export const directory = "/store";
export const seed = Number(process.env.SEED ?? 11);

export function world() {
  const random = seededRandom(seed);
  const disk = new MemoryDisk();
  const tables = new MemoryTables();
  const open = (reserveBytes = 0) =>
    openRowStore({
      ...{ directory, disk, openTable: tables.open, dimension, mode: "write", reserveBytes },
      vectorFileBytes: 4096 + rowsPerFile * dimension * 4,
    });
  const insert = (firstOrdinal: number, count: number) =>
    insertion(random, { firstOrdinal, dimension, count });
  const verify = () => verifyRowStore({ directory, disk, openTable: tables.open });
  return { disk, tables, open, insert, verify };
}
