/** The machine's file system behind the `Disk` seam: the only place that asks `node:fs` for files. */
import { constants, statfsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, unlink, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Disk, DiskFile, OpenMode } from "./disk.js";

const flagsOfMode: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

class SystemFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const rest = target.length - done;
      const { bytesRead } = await this.#handle.read(target, done, rest, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const rest = bytes.length - done;
      const { bytesWritten } = await this.#handle.write(bytes, done, rest, position + done);
      done += bytesWritten;
    }
  }

  datasync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export class SystemDisk implements Disk {
  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    return new SystemFile(await open(path, flagsOfMode[mode], 0o644));
  }

  async makeDirectory(path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    const top = dirname(resolve(first));
    for (let at = dirname(resolve(path)); at.length >= top.length; at = dirname(at)) {
      await this.syncDirectory(at);
      if (at === top) return;
    }
  }

  rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  unlink(path: string): Promise<void> {
    return unlink(path);
  }

  removeDirectory(path: string): Promise<void> {
    return rm(path, { recursive: true, force: true });
  }

  async list(directory: string): Promise<string[]> {
    return (await readdir(directory)).sort();
  }

  async syncDirectory(directory: string): Promise<void> {
    if (process.platform === "win32") return; // It keeps names durable itself, and cannot be asked.
    const handle = await open(directory, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Answered from the kernel's memory in microseconds: another thread would take many times that. */
  freeBytes(directory: string): Promise<number> {
    return new Promise((resolve) => {
      const { bavail, bsize } = statfsSync(directory);
      resolve(bavail * bsize);
    });
  }
}

/** The one that nodes use; a second would be no different. */
export const systemDisk: Disk = new SystemDisk();
