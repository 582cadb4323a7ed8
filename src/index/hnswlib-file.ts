/**
 * hnswlib's file format, as far as needed to see whether a file is complete: hnswlib writes through a
 * C++ stream and looks at no error, so on a full disk it leaves a short file and reports success.
 *
 *     header        offsetLevel0 u64 | max_elements u64 | count u64 | bytes per element u64 | …
 *     count times   one element: links of the lowest level, vector, label
 *     count times   u32 n, then n bytes: links of the upper levels
 */
import { DvespError, type Disk, type DiskFile } from "../base/index.js";

/** Ten 64-bit fields, two of 32 bits, one more of 64 and a double: no padding. */
const headerBytes = 96;
const chunkBytes = 1 << 20;

/** Errors: `STORAGE_FULL` when the file is shorter than its own lengths say. */
export async function assertCompleteGraph(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, "read");
  try {
    if (await isComplete(file)) return;
  } finally {
    await file.close();
  }
  throw new DvespError("STORAGE_FULL", `the graph ${path} was cut short: no room on the disk?`);
}

async function isComplete(file: DiskFile): Promise<boolean> {
  const header = Buffer.alloc(headerBytes);
  if ((await file.read(header, 0)) < headerBytes) return false;
  const count = Number(header.readBigUInt64LE(16));
  const elementBytes = Number(header.readBigUInt64LE(24));
  const end = await endOfLinks(file, headerBytes + count * elementBytes, count);
  return end === (await file.size());
}

/** Where the last of `count` link lists ends, or undefined when the file ends before. */
async function endOfLinks(
  file: DiskFile,
  start: number,
  count: number,
): Promise<number | undefined> {
  const chunk = Buffer.alloc(chunkBytes);
  let chunkStart = start;
  let chunkEnd = start;
  let at = start;
  for (let element = 0; element < count; element++) {
    if (at + 4 > chunkEnd) {
      chunkStart = at;
      chunkEnd = at + (await file.read(chunk, at));
      if (at + 4 > chunkEnd) return undefined;
    }
    at += 4 + chunk.readUInt32LE(at - chunkStart);
  }
  return at;
}
