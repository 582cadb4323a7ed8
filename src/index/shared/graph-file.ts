/**
 * A graph as a file: the used parts of its memory, one after the other, without the scratch slots.
 *
 *     entry point and end of the upper lists | mean | upper lists | sketches | records
 *
 * Whether a file is whole is for `SnapshotDirectory` to say: here it is taken as it was written.
 */
import type { Disk, DiskFile } from "../../base/index.js";
import type { SharedGraph } from "./graph.js";

/** Changes with the layout of records and lists: files of another format are not read. */
export const graphFormat = 2;

const chunkBytes = 1 << 22;

/** Writes the first `rows` rows, all that the graph holds. Errors: the disk's. */
export async function writeGraph(
  disk: Disk,
  path: string,
  graph: SharedGraph,
  rows: number,
): Promise<void> {
  const file = await disk.open(path, "create");
  try {
    let position = 0;
    for (const part of graph.parts(rows)) {
      await eachChunk(part, async (chunk, at) => file.write(new Uint8Array(chunk), position + at));
      position += part.length;
    }
  } finally {
    await file.close();
  }
}

/** Fills a new graph, which has room for `rows` rows; whether the file had that many bytes. */
export async function readGraph(
  disk: Disk,
  path: string,
  graph: SharedGraph,
  rows: number,
): Promise<boolean> {
  const file = await disk.open(path, "read");
  try {
    let position = 0;
    // The first part says how long the third is.
    for (let index = 0; index < graph.parts(rows).length; index++) {
      const part = graph.parts(rows)[index] as Uint8Array;
      if ((await fill(file, part, position)) < part.length) return false;
      position += part.length;
    }
    return position === (await file.size());
  } finally {
    await file.close();
  }
}

/** Through memory of its own: not every disk writes from, or reads to, shared memory. */
async function fill(file: DiskFile, part: Uint8Array, position: number): Promise<number> {
  const own = new Uint8Array(Math.min(chunkBytes, part.length));
  let done = 0;
  await eachChunk(part, async (chunk, at) => {
    const read = await file.read(own.subarray(0, chunk.length), position + at);
    chunk.set(own.subarray(0, read));
    done += read;
  });
  return done;
}

async function eachChunk(
  bytes: Uint8Array,
  action: (chunk: Uint8Array, at: number) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    await action(bytes.subarray(at, at + chunkBytes), at);
  }
}
