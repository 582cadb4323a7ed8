/**
 * A disk in memory, for twins, simulations and crash tests. It keeps apart what readers see and what
 * was synced, names as well as bytes; `crash` hands back the disk that a power cut would leave.
 * Its `medium` fails when told to.
 */
import { dirname } from "node:path";
import { assert, present } from "./assert.js";
import type { Disk, DiskFile, OpenMode } from "./disk.js";
import { coin, MemoryInode } from "./memory-file.js";
import { DiskFailure, MemoryMedium } from "./memory-medium.js";
import type { Random } from "./random.js";

export class MemoryDisk implements Disk {
  /** Names as readers see them, and as a power cut leaves them. */
  #live = new Map<string, MemoryInode>();
  #durable = new Map<string, MemoryInode>();
  readonly #directories = new Set<string>();
  readonly medium = new MemoryMedium();

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    await this.medium.pause();
    const found = this.#live.get(path);
    if (mode !== "create") {
      if (!found) throw new DiskFailure("ENOENT", path);
      return new MemoryFile(this.medium, found, path, mode);
    }
    if (found) throw new DiskFailure("EEXIST", path);
    if (!this.#directories.has(dirname(path))) throw new DiskFailure("ENOENT", path);
    const inode = new MemoryInode();
    this.#live.set(path, inode);
    return new MemoryFile(this.medium, inode, path, mode);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.medium.pause();
    for (let at = path; !this.#directories.has(at); at = dirname(at)) this.#directories.add(at);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.medium.pause();
    const inode = this.#live.get(from);
    if (!inode) throw new DiskFailure("ENOENT", from);
    const replaced = from === to ? undefined : this.#live.get(to);
    this.medium.take(-(replaced?.live.size ?? 0));
    this.#live.delete(from);
    this.#live.set(to, inode);
  }

  async unlink(path: string): Promise<void> {
    await this.medium.pause();
    const inode = this.#live.get(path);
    if (!inode) throw new DiskFailure("ENOENT", path);
    this.medium.take(-inode.live.size);
    this.#live.delete(path);
  }

  async removeDirectory(path: string): Promise<void> {
    const below = (one: string): boolean => one === path || one.startsWith(`${path}/`);
    for (const one of [...this.#live.keys()].filter(below)) await this.unlink(one);
    for (const one of [...this.#directories].filter(below)) this.#directories.delete(one);
  }

  async list(directory: string): Promise<string[]> {
    await this.medium.pause();
    if (!this.#directories.has(directory)) throw new DiskFailure("ENOENT", directory);
    const names = [...this.#live.keys(), ...this.#directories]
      .filter((path) => dirname(path) === directory && path !== directory)
      .map((path) => path.slice(directory.length).replace(/^\//, ""));
    return names.sort();
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.medium.sync(directory, () => {
      for (const path of [...this.#live.keys(), ...this.#durable.keys()]) {
        if (dirname(path) === directory) copyEntry(this.#live, this.#durable, path);
      }
    });
  }

  async freeBytes(): Promise<number> {
    await this.medium.pause();
    return Math.max(0, this.medium.freeBytes);
  }

  /** Turns bits of a byte at rest, as a failing medium does. */
  corrupt(path: string, position: number, mask: number): void {
    const inode = present(this.#live.get(path), path);
    assert(position < inode.live.size, "corrupted byte inside the file");
    for (const bytes of [inode.live, inode.durable]) {
      if (position < bytes.size) {
        bytes.write(
          Uint8Array.of((bytes.view(position, position + 1)[0] as number) ^ mask),
          position,
        );
      }
    }
  }

  /** The disk that a power cut at this moment would leave; this one goes on unharmed. */
  crash(random: Random): MemoryDisk {
    const left = new MemoryDisk();
    const names = new Map(this.#durable);
    for (const path of new Set([...this.#live.keys(), ...this.#durable.keys()])) {
      if (coin(random)) copyEntry(this.#live, names, path);
    }
    const seen = new Map<MemoryInode, MemoryInode>();
    for (const [path, inode] of names) {
      const survivor = seen.get(inode) ?? new MemoryInode(inode.afterCrash(random));
      seen.set(inode, survivor);
      left.#live.set(path, survivor);
      left.#durable.set(path, survivor);
      left.medium.take(survivor.live.size);
    }
    for (const directory of this.#directories) left.#directories.add(directory);
    return left;
  }
}

class MemoryFile implements DiskFile {
  readonly #medium: MemoryMedium;
  readonly #inode: MemoryInode;
  readonly #path: string;
  readonly #mode: OpenMode;
  #closed = false;

  constructor(medium: MemoryMedium, inode: MemoryInode, path: string, mode: OpenMode) {
    this.#medium = medium;
    this.#inode = inode;
    this.#path = path;
    this.#mode = mode;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.#check("read");
    await Promise.resolve();
    const bytes = this.#inode.live.view(position, position + target.length);
    target.set(bytes);
    return bytes.length;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    this.#check("write");
    await this.#medium.write(this.#inode, this.#path, bytes, position);
  }

  async datasync(): Promise<void> {
    this.#check("read");
    const inode = this.#inode;
    await this.#medium.sync(
      this.#path,
      () => inode.sync(),
      () => inode.forgetDirty(),
    );
  }

  async truncate(size: number): Promise<void> {
    this.#check("write");
    await this.#medium.resize(this.#inode, size);
  }

  async size(): Promise<number> {
    this.#check("read");
    return Promise.resolve(this.#inode.live.size);
  }

  async close(): Promise<void> {
    this.#check("read");
    this.#closed = true;
    return Promise.resolve();
  }

  #check(use: "read" | "write"): void {
    if (this.#closed || (use === "write" && this.#mode === "read")) {
      throw new DiskFailure("EBADF", this.#path);
    }
  }
}

function copyEntry(
  from: ReadonlyMap<string, MemoryInode>,
  to: Map<string, MemoryInode>,
  path: string,
): void {
  const inode = from.get(path);
  if (inode) to.set(path, inode);
  else to.delete(path);
}
