/** Storage as one life of a process or host sees it: once that life has ended, no call returns any more. */
import type { Disk, DiskFile, OpenMode } from "../../src/base/index.js";
import type { OpenTable, Storage } from "../../src/storage/index.js";

type OpenedTable = Awaited<ReturnType<OpenTable>>;

export class MortalStorage implements Storage {
  readonly disk: Disk;
  readonly #storage: Storage;
  readonly #held = new Set<ReturnType<Storage["lock"]>>();
  #ended = false;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.disk = new MortalDisk(storage.disk, (work) => this.#alive(work));
  }

  readonly lock: Storage["lock"] = (directory, clock) => {
    const lock = this.#storage.lock(directory, clock);
    this.#held.add(lock);
    return lock;
  };

  readonly openTable: OpenTable = (directory, _, mode) =>
    this.#alive(async () => {
      const table = await this.#storage.openTable(directory, this.disk, mode);
      return mortalTable(table, (work) => this.#alive(work));
    });

  /** The system gives back what a process has locked when it ends. */
  end(): void {
    this.#ended = true;
    for (const lock of this.#held) lock.release();
  }

  async #alive<T>(work: () => Promise<T>): Promise<T> {
    if (this.#hasEnded()) return never();
    try {
      return await work();
    } finally {
      if (this.#hasEnded()) await never();
    }
  }

  #hasEnded(): boolean {
    return this.#ended;
  }
}

type Alive = <T>(work: () => Promise<T>) => Promise<T>;

class MortalDisk implements Disk {
  readonly #disk: Disk;
  readonly #alive: Alive;

  constructor(disk: Disk, alive: Alive) {
    this.#disk = disk;
    this.#alive = alive;
  }

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.#alive(async () => mortalFile(await this.#disk.open(path, mode), this.#alive));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#alive(() => this.#disk.makeDirectory(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#alive(() => this.#disk.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.#alive(() => this.#disk.unlink(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#alive(() => this.#disk.removeDirectory(path));
  }

  list(directory: string): Promise<string[]> {
    return this.#alive(() => this.#disk.list(directory));
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#alive(() => this.#disk.syncDirectory(directory));
  }

  freeBytes(directory: string): Promise<number> {
    return this.#alive(() => this.#disk.freeBytes(directory));
  }
}

function mortalFile(file: DiskFile, alive: Alive): DiskFile {
  return {
    read: (target, position) => alive(() => file.read(target, position)),
    write: (bytes, position) => alive(() => file.write(bytes, position)),
    datasync: () => alive(() => file.datasync()),
    truncate: (size) => alive(() => file.truncate(size)),
    size: () => alive(() => file.size()),
    close: () => alive(() => file.close()),
  };
}

function mortalTable(table: OpenedTable, alive: Alive): OpenedTable {
  return {
    commit: (writes) => alive(() => table.commit(writes)),
    snapshot: () => table.snapshot(),
    bytes: () => table.bytes(),
    close: () => alive(() => table.close()),
  };
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
