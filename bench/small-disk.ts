/**
 * A file system of its own for one directory, small enough to be filled: a tmpfs, which only root may
 * mount. What is full is really full, under LMDB, vector files and everything else.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

const mebi = 1024 * 1024;
/** Twice what hints leave free, which leave more than rows do. */
const diskMebibytes = 256;

export class SmallDisk {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** At `path`, which is made. Throws with the reason when it cannot be mounted. */
  static mount(path: string): SmallDisk {
    mkdirSync(path, { recursive: true });
    const options = ["-t", "tmpfs", "-o", `size=${diskMebibytes}m`, "tmpfs", path];
    const { status, error, stderr } = spawnSync("mount", options);
    if (status === 0) return new SmallDisk(path);
    throw new Error(`no small disk at ${path}: ${error?.message ?? stderr.toString().trim()}`);
  }

  /** Leaves not a byte. */
  async fill(): Promise<void> {
    const file = await open(this.#ballast, "a");
    try {
      for (const bytes of [4 * mebi, 4096]) await fillWith(file, new Uint8Array(bytes));
    } finally {
      await file.close();
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** With all that is on it, whoever may still have some of it open. */
  unmount(): void {
    spawnSync("umount", ["--lazy", this.#path]);
  }

  get #ballast(): string {
    return join(this.#path, "ballast");
  }
}

async function fillWith(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (;;) {
    try {
      await file.write(bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOSPC") return;
      throw error;
    }
  }
}
