/**
 * Bulk reading of vector files: block after block, in order, the next one read while the caller works
 * on the last. It needs no more than committed ordinals, so any thread may do it beside the writer.
 */
import { join } from "node:path";
import { diskErrorCode, type Disk, type DiskFile, type DvespError } from "../base/index.js";
import { corrupted } from "./records.js";
import type { VectorSink } from "./row-store.js";
import type { VectorLayout } from "./vector-layout.js";

const blockBytes = 4 * 1024 * 1024;

interface Block {
  readonly firstOrdinal: number;
  readonly rows: number;
}

export interface VectorSource {
  readonly disk: Disk;
  readonly directory: string;
  readonly layout: VectorLayout;
  /** First ordinals of files that are not there any more. */
  readonly dropped: ReadonlySet<number>;
}

/** Calls `sink` with rows `firstOrdinal` and on, `count` in all. Errors: `DATA_CORRUPTED`. */
export async function readVectors(
  source: VectorSource,
  firstOrdinal: number,
  count: number,
  sink: VectorSink,
): Promise<void> {
  const reader = new BlockReader(source.disk, source.directory, source.layout);
  const blocks = blocksOf(source, firstOrdinal, count);
  let reading = readNext(reader, blocks);
  try {
    while (reading) {
      const { block, rows } = await reading;
      reading = readNext(reader, blocks);
      sink(block.firstOrdinal, rows);
    }
  } finally {
    await reading?.catch(() => undefined);
    await reader.close();
  }
}

/** Errors: `DATA_CORRUPTED` when there is no such file. */
export async function openVectorFile(
  disk: Disk,
  path: string,
  mode: "read" | "write",
): Promise<DiskFile> {
  try {
    return await disk.open(path, mode);
  } catch (error) {
    if (diskErrorCode(error) === "ENOENT") throw corrupted(`${path} is missing`);
    throw error;
  }
}

export function shortFile(path: string, size: number, wanted: number): DvespError {
  return corrupted(`${path} has ${size} bytes where records refer to ${wanted}`);
}

function* blocksOf(
  { layout, dropped }: VectorSource,
  firstOrdinal: number,
  count: number,
): Generator<Block> {
  const rowsMax = Math.max(1, Math.floor(blockBytes / layout.stride));
  const end = firstOrdinal + count;
  for (let at = firstOrdinal; at < end;) {
    const rows = Math.min(rowsMax, layout.rowsLeft(at), end - at);
    if (!dropped.has(layout.firstOrdinalOf(layout.fileOf(at)))) yield { firstOrdinal: at, rows };
    at += rows;
  }
}

function readNext(
  reader: BlockReader,
  blocks: Generator<Block>,
): Promise<{ block: Block; rows: Float32Array }> | undefined {
  const next = blocks.next();
  if (next.done) return undefined;
  const block = next.value;
  const reading = reader.read(block).then((rows) => ({ block, rows }));
  reading.catch(() => undefined); // It is awaited a turn later, or not at all when the sink throws.
  return reading;
}

/** Reads into two buffers in turn: the caller has one while the other is filled. */
class BlockReader {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #layout: VectorLayout;
  #buffers: readonly [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)];
  #open: { readonly index: number; readonly file: DiskFile } | undefined;

  constructor(disk: Disk, directory: string, layout: VectorLayout) {
    this.#disk = disk;
    this.#directory = directory;
    this.#layout = layout;
  }

  async read({ firstOrdinal, rows }: Block): Promise<Float32Array> {
    const numbers = rows * this.#layout.dimension;
    const [spare, used] = this.#buffers;
    const buffer = spare.length < numbers ? new Float32Array(numbers) : spare;
    this.#buffers = [used, buffer];
    const target = buffer.subarray(0, numbers);
    const file = await this.#fileOf(this.#layout.fileOf(firstOrdinal));
    const position = this.#layout.positionOf(firstOrdinal);
    const bytes = new Uint8Array(target.buffer, 0, target.byteLength);
    const done = await file.read(bytes, position);
    if (done < bytes.length) {
      const name = this.#layout.nameOf(this.#layout.fileOf(firstOrdinal));
      throw shortFile(name, position + done, position + bytes.length);
    }
    return target;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  async #fileOf(index: number): Promise<DiskFile> {
    if (this.#open?.index === index) return this.#open.file;
    await this.close();
    const path = join(this.#directory, this.#layout.nameOf(index));
    const file = await openVectorFile(this.#disk, path, "read");
    this.#open = { index, file };
    return file;
  }
}
