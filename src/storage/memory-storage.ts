/**
 * The storage of one node in memory: a `MemoryDisk`, the tables on it, and who holds which directory.
 * What a power cut leaves is another such storage; whoever still has the old one harms nobody.
 */
import { DvespError, MemoryDisk, type Random } from "../base/index.js";
import type { DirectoryLock } from "./directory-lock.js";
import { MemoryTables } from "./memory-table.js";
import type { Storage } from "./storage.js";

export class MemoryStorage implements Storage {
  readonly disk: MemoryDisk;
  readonly tables: MemoryTables;
  readonly #locked = new Set<string>();

  constructor(disk = new MemoryDisk(), tables = new MemoryTables()) {
    this.disk = disk;
    this.tables = tables;
  }

  readonly openTable: Storage["openTable"] = (directory, disk, mode) =>
    this.tables.open(directory, disk, mode);

  readonly lock = (directory: string): DirectoryLock => {
    if (this.#locked.has(directory)) {
      throw new DvespError("DIRECTORY_LOCKED", `${directory} is held by another node`);
    }
    this.#locked.add(directory);
    let held = true;
    return {
      release: () => {
        if (held) this.#locked.delete(directory);
        held = false;
      },
    };
  };

  /** What a power cut at this moment would leave; nobody holds a lock there. */
  crash(random: Random): MemoryStorage {
    return new MemoryStorage(this.disk.crash(random), this.tables.crash());
  }
}
