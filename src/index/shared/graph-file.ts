/**
 * A graph as a file: the used parts of its memory, one after the other, without the scratch slots.
 *
 *     entry point and end of the upper lists | mean | upper lists | sketches | records
 *
 * Both directions go by chunks and add up the checksum on the way, so that each byte passes once.
 */
import { crc32 } from "node:zlib";
import type { Disk, DiskFile } from "../../base/index.js";
import type { DataCheck } from "../snapshot-directory.js";
import type { SharedGraph } from "./graph.js";

/** Changes with the layout of records and lists: files of another format are not read. */
export const graphFormat = 2;

const chunkBytes = 1 << 22;

/** Bytes of a file of the first `rows` rows. */
export function graphFileBytes(graph: SharedGraph, rows: number): number {
  return graph.parts(rows).reduce((sum, part) => sum + part.length, 0);
}

/**
 * Writes the first `rows` rows, all that the graph holds, chunk by chunk; the graph must not change
 * meanwhile. Each chunk is made durable before the next: commits whose sync waits for the file system's
 * journal wait for one chunk, not for the whole file. Errors: the disk's.
 */
export async function* writeGraph(
  disk: Disk,
  path: string,
  graph: SharedGraph,
  rows: number,
): AsyncGenerator<undefined, DataCheck> {
  const file = await disk.open(path, "create");
  let bytes = 0;
  let sum = 0;
  try {
    for (const part of graph.parts(rows)) {
      for (const chunk of chunksOf(part)) {
        // Through memory of its own: not every disk writes from shared memory.
        const own = new Uint8Array(chunk);
        await file.write(own, bytes);
        await file.datasync();
        sum = crc32(own, sum);
        bytes += own.length;
        yield;
      }
    }
  } finally {
    await file.close();
  }
  return { bytes, crc32: sum };
}

/**
 * Fills a new graph, which has room for `rows` rows; undefined when the file is shorter. Whether it is
 * the file that was written is for the caller to compare. Errors: the disk's.
 */
export async function readGraph(
  disk: Disk,
  path: string,
  graph: SharedGraph,
  rows: number,
): Promise<DataCheck | undefined> {
  const file = await disk.open(path, "read");
  try {
    const chunks = new ChunkReader(file);
    // The first part says how long the third is.
    for (let index = 0; index < graph.parts(rows).length; index++) {
      const part = graph.parts(rows)[index] as Uint8Array;
      if (!(await chunks.fill(part))) return undefined;
    }
    const { bytes, sum } = chunks;
    return bytes === (await file.size()) ? { bytes, crc32: sum } : undefined;
  } finally {
    await file.close();
  }
}

/** Reads the next chunk while the last one is checked and copied. */
class ChunkReader {
  bytes = 0;
  sum = 0;
  readonly #file: DiskFile;
  #spare = new Uint8Array(chunkBytes);
  #next = new Uint8Array(chunkBytes);

  constructor(file: DiskFile) {
    this.#file = file;
  }

  /** Whether there were enough bytes. */
  async fill(part: Uint8Array): Promise<boolean> {
    let reading = this.#read(Math.min(chunkBytes, part.length), this.bytes);
    for (const chunk of chunksOf(part)) {
      const read = await reading;
      const after = this.bytes + chunk.length;
      const left = part.byteOffset + part.length - chunk.byteOffset - chunk.length;
      if (left > 0) reading = this.#read(Math.min(chunkBytes, left), after);
      if (read.length < chunk.length) {
        await reading;
        return false;
      }
      this.sum = crc32(read, this.sum);
      chunk.set(read);
      this.bytes = after;
    }
    return true;
  }

  async #read(length: number, position: number): Promise<Uint8Array> {
    const own = this.#next;
    this.#next = this.#spare;
    this.#spare = own;
    const read = await this.#file.read(own.subarray(0, length), position);
    return own.subarray(0, read);
  }
}

function* chunksOf(part: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < part.length; at += chunkBytes) yield part.subarray(at, at + chunkBytes);
}
