/** The truth on disk: row stores, their verification, and the lock of a data directory. */
export * from "./checksum.js";
export * from "./directory-lock.js";
export * from "./hint-log.js";
export * from "./memory-storage.js";
export { MemoryTables, type CommitPoint } from "./memory-table.js";
export { openRowStore, rowReserveBytes, type RowStoreOptions } from "./open-row-store.js";
export { operationBytesMax } from "./keys.js";
export { leafBytes } from "./leaf-records.js";
export { readSnapshot } from "./read-snapshot.js";
export { recordBytes } from "./row-size.js";
export type * from "./row-store.js";
export * from "./storage.js";
export type { OpenTable } from "./table.js";
export * from "./verify.js";
