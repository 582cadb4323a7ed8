/**
 * The directory in which a builder keeps its snapshots: a data file and a manifest per generation.
 *
 *     000000000007.index       whatever the engine writes
 *     000000000007.manifest    crc32 of the rest in hex, a space, JSON: see `Manifest`
 *
 * A generation exists when its manifest does: the data file is synced and in its place before. So a
 * crash at any point leaves the older generations whole, and at most files that `newest` removes.
 * A manifest or data file that fails its checksum is passed over, never an error. The newest two
 * generations are kept: a reader that was told of the older one may still be reading it.
 *
 * Several of them may share a directory under different names, which then begin their files' names.
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { toStorageError, type Disk, type DiskFile } from "../base/index.js";

const format = 1;
const chunkBytes = 1 << 20;

export interface Manifest<Details> {
  readonly format: typeof format;
  readonly generation: number;
  readonly bytes: number;
  readonly crc32: number;
  /** The engine's own part. */
  readonly details: Details;
}

/** Length and checksum of a data file. */
export interface DataCheck {
  readonly bytes: number;
  readonly crc32: number;
}

export class SnapshotDirectory<Details> {
  readonly #prefix: string;
  readonly #fileName: RegExp;

  constructor(
    readonly directory: string,
    readonly disk: Disk,
    name = "",
  ) {
    this.#prefix = name === "" ? "" : `${name}-`;
    this.#fileName = new RegExp(`^${this.#prefix}(\\d{12})\\.(index|manifest|draft|pending)$`);
  }

  dataPath(generation: number): string {
    return this.#path(generation, "index");
  }

  /** Where the data file of a generation is written, before `seal` puts it in its place. */
  draftPath(generation: number): string {
    return this.#path(generation, "draft");
  }

  /**
   * Makes the directory if need be, removes what is no generation, and finds the newest whole one
   * that `accepts` its details. Returns also the first generation number that is free.
   */
  async open(
    accepts: (details: Details) => boolean,
  ): Promise<{ newest: Manifest<Details> | undefined; free: number }> {
    const { manifests, free } = await this.list();
    for (const manifest of manifests) {
      if (accepts(manifest.details) && (await this.#isWhole(manifest))) {
        return { newest: manifest, free };
      }
    }
    return { newest: undefined, free };
  }

  /**
   * As `open`, but all whose manifest is whole, newest first; their data files are not looked at.
   */
  async list(): Promise<{ manifests: readonly Manifest<Details>[]; free: number }> {
    await this.disk.makeDirectory(this.directory);
    const generations = await this.#generations();
    await this.#removeQuietly(new Set(generations));
    const manifests: Manifest<Details>[] = [];
    for (const generation of generations) {
      const manifest = await this.#readManifest(generation);
      if (manifest) manifests.push(manifest);
    }
    return { manifests, free: (generations[0] ?? 0) + 1 };
  }

  /**
   * Turns the draft of `generation` into a snapshot that outlasts a crash, and removes generations
   * but it and `previous`. `written`: what the draft should be, where its writer knows; without, it is
   * read again. Errors: `STORAGE_FULL`, `INTERNAL`; the draft is gone then, and the older generations
   * are untouched.
   */
  async seal(
    generation: number,
    details: Details,
    previous: number,
    written?: DataCheck,
  ): Promise<Manifest<Details>> {
    const draft = this.draftPath(generation);
    try {
      const check = await this.#use(draft, async (file) => {
        await file.datasync();
        return written ?? checksum(file);
      });
      const manifest = { format, generation, ...check, details } as const;
      await this.#writeManifest(manifest);
      await this.disk.rename(draft, this.dataPath(generation));
      await this.disk.syncDirectory(this.directory);
      await this.disk.rename(this.#path(generation, "pending"), this.#path(generation, "manifest"));
      await this.disk.syncDirectory(this.directory);
      await this.#removeQuietly(new Set([generation, previous]));
      return manifest;
    } catch (error) {
      await this.discard(generation);
      throw toStorageError(error, "writing an index snapshot");
    }
  }

  /** Removes what an unfinished generation has left. */
  async discard(generation: number): Promise<void> {
    for (const kind of ["manifest", "pending", "draft", "index"]) {
      await this.disk.unlink(this.#path(generation, kind)).catch(() => undefined);
    }
  }

  #path(generation: number, kind: string): string {
    const number = String(generation).padStart(12, "0");
    return join(this.directory, `${this.#prefix}${number}.${kind}`);
  }

  /** Generations that have a manifest, newest first. */
  async #generations(): Promise<number[]> {
    const names = await this.disk.list(this.directory);
    return names
      .map((name) => this.#fileName.exec(name))
      .filter((match) => match?.[2] === "manifest")
      .map((match) => Number(match?.[1]))
      .sort((left, right) => right - left);
  }

  /**
   * Removes the files of all other generations, and drafts; strange files stay. What cannot be
   * removed now is removed another time: it only takes room.
   */
  async #removeQuietly(kept: ReadonlySet<number>): Promise<void> {
    for (const name of await this.disk.list(this.directory)) {
      const match = this.#fileName.exec(name);
      if (!match) continue;
      const isWhole = match[2] === "index" || match[2] === "manifest";
      if (isWhole && kept.has(Number(match[1]))) continue;
      await this.disk.unlink(join(this.directory, name)).catch(() => undefined);
    }
  }

  async #writeManifest(manifest: Manifest<Details>): Promise<void> {
    const text = JSON.stringify(manifest);
    const bytes = Buffer.from(`${crc32(text).toString(16).padStart(8, "0")} ${text}\n`);
    const file = await this.disk.open(this.#path(manifest.generation, "pending"), "create");
    try {
      await file.write(bytes, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** The manifest, or undefined when it cannot be read, or is not one that this code has written. */
  async #readManifest(generation: number): Promise<Manifest<Details> | undefined> {
    const path = this.#path(generation, "manifest");
    const bytes = await this.#use(path, readAll).catch(() => Buffer.alloc(0));
    const text = bytes.toString("utf8").trimEnd();
    if (text === "") return undefined;
    if (crc32(text.slice(9)).toString(16).padStart(8, "0") !== text.slice(0, 8)) return undefined;
    const manifest = JSON.parse(text.slice(9)) as Manifest<Details>;
    return (manifest.format as number) === format ? manifest : undefined;
  }

  async #isWhole(manifest: Manifest<Details>): Promise<boolean> {
    const path = this.dataPath(manifest.generation);
    const found = await this.#use(path, checksum).catch(() => undefined);
    return found?.bytes === manifest.bytes && found.crc32 === manifest.crc32;
  }

  async #use<T>(path: string, action: (file: DiskFile) => Promise<T>): Promise<T> {
    const file = await this.disk.open(path, "write");
    try {
      return await action(file);
    } finally {
      await file.close();
    }
  }
}

async function readAll(file: DiskFile): Promise<Buffer> {
  const bytes = Buffer.alloc(await file.size());
  await file.read(bytes, 0);
  return bytes;
}

async function checksum(file: DiskFile): Promise<DataCheck> {
  const chunk = new Uint8Array(chunkBytes);
  let bytes = 0;
  let sum = 0;
  for (;;) {
    const read = await file.read(chunk, bytes);
    sum = crc32(chunk.subarray(0, read), sum);
    bytes += read;
    if (read < chunk.length) return { bytes, crc32: sum };
  }
}
