/**
 * The append-only files of float32 rows. They are written at the places of ordinals that no record
 * refers to yet, so whatever an append leaves behind when it fails is in nobody's way: the next one
 * overwrites it, and the next opening for writing cuts it off.
 */
import { join } from "node:path";
import { diskErrorCode, type Disk, type DiskFile } from "../base/index.js";
import { firstOrdinalOfName, headerBytes, type VectorLayout } from "./vector-layout.js";
import { openVectorFile, shortFile } from "./vector-reader.js";

interface Tail {
  readonly index: number;
  readonly file: DiskFile;
}

export class VectorFiles {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #layout: VectorLayout;
  /** The file that appends go to. */
  #tail: Tail | undefined;
  /** Files written since the last sync. */
  #unsynced: DiskFile[] = [];
  #namesUnsynced = false;

  constructor(disk: Disk, directory: string, layout: VectorLayout) {
    this.#disk = disk;
    this.#directory = directory;
    this.#layout = layout;
  }

  /**
   * Makes the files ready for appends at `nextOrdinal`: removes what nobody refers to, the files that
   * begin at `dropped` ordinals too, and checks that what is referred to is there.
   * Errors: `DATA_CORRUPTED`.
   */
  async recover(nextOrdinal: number, dropped: ReadonlySet<number>): Promise<void> {
    await this.#unlink((first) => first >= nextOrdinal || dropped.has(first));
    for (let file = 0; this.#layout.firstOrdinalOf(file) < nextOrdinal; file++) {
      if (dropped.has(this.#layout.firstOrdinalOf(file))) continue;
      await this.#recoverFile(file, nextOrdinal);
    }
    await this.sync();
  }

  /** Writes `rows` at `firstOrdinal` and on. They are durable only after `sync`. */
  async append(firstOrdinal: number, rows: Float32Array): Promise<void> {
    const { dimension, stride } = this.#layout;
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    const end = firstOrdinal + rows.length / dimension;
    for (let at = firstOrdinal; at < end;) {
      const count = Math.min(this.#layout.rowsLeft(at), end - at);
      const from = (at - firstOrdinal) * stride;
      const file = await this.#fileForAppend(at);
      this.#unsynced.push(file);
      await file.write(bytes.subarray(from, from + count * stride), this.#layout.positionOf(at));
      at += count;
    }
  }

  /** Resolves when all that was appended is durable, names of new files too. */
  async sync(): Promise<void> {
    for (const file of this.#unsynced) await file.datasync();
    if (this.#namesUnsynced) await this.#disk.syncDirectory(this.#directory);
    this.#namesUnsynced = false;
    const synced = this.#unsynced;
    this.#unsynced = [];
    for (const file of synced) if (file !== this.#tail?.file) await file.close();
  }

  /** Gives back the room of an append that nobody will refer to; a failure to do so is harmless. */
  async undo(nextOrdinal: number): Promise<void> {
    try {
      await this.close();
      await this.#unlink((first) => first >= nextOrdinal);
      const last = this.#layout.fileOf(nextOrdinal - 1);
      if (nextOrdinal > 0) await this.#cut(last, this.#layout.fileBytes(last, nextOrdinal));
    } catch {
      // What stays is overwritten by the next append, or cut off by the next opening.
    }
  }

  async #unlink(isToGo: (firstOrdinal: number) => boolean): Promise<void> {
    for (const name of await this.#disk.list(this.#directory)) {
      const first = firstOrdinalOfName(name);
      if (first === undefined || !isToGo(first)) continue;
      await this.#disk.unlink(join(this.#directory, name));
      this.#namesUnsynced = true;
    }
  }

  async close(): Promise<void> {
    const open = this.#openFiles();
    this.#unsynced = [];
    this.#tail = undefined;
    for (const file of open) await file.close();
  }

  #openFiles(): Set<DiskFile> {
    return new Set(this.#tail ? [...this.#unsynced, this.#tail.file] : this.#unsynced);
  }

  async #fileForAppend(ordinal: number): Promise<DiskFile> {
    const index = this.#layout.fileOf(ordinal);
    const tail = this.#tail;
    if (tail?.index === index) return tail.file;
    this.#tail = undefined;
    if (tail && !this.#unsynced.includes(tail.file)) await tail.file.close();
    const isNew = ordinal === this.#layout.firstOrdinalOf(index);
    const file = await (isNew
      ? this.#create(index)
      : this.#disk.open(this.#pathOf(index), "write"));
    this.#tail = { index, file };
    if (isNew) await file.write(this.#layout.header(index), 0);
    return file;
  }

  async #create(index: number): Promise<DiskFile> {
    const path = this.#pathOf(index);
    this.#namesUnsynced = true;
    await this.#disk.unlink(path).catch((error: unknown) => {
      if (diskErrorCode(error) !== "ENOENT") throw error;
    });
    return this.#disk.open(path, "create");
  }

  async #recoverFile(index: number, nextOrdinal: number): Promise<void> {
    const file = await openVectorFile(this.#disk, this.#pathOf(index), "write");
    try {
      const header = new Uint8Array(headerBytes);
      await file.read(header, 0);
      this.#layout.checkHeader(index, header);
      const wanted = this.#layout.fileBytes(index, nextOrdinal);
      const size = await file.size();
      if (size < wanted) throw shortFile(this.#layout.nameOf(index), size, wanted);
      if (size === wanted) return;
      await file.truncate(wanted);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  async #cut(index: number, bytes: number): Promise<void> {
    const file = await this.#disk.open(this.#pathOf(index), "write");
    try {
      if ((await file.size()) > bytes) await file.truncate(bytes);
    } finally {
      await file.close();
    }
  }

  #pathOf(index: number): string {
    return join(this.#directory, this.#layout.nameOf(index));
  }
}
