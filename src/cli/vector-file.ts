/**
 * `.fbin` and `.u8bin` files: uint32 rows, uint32 dimension, then the components, float32 or uint8,
 * all little-endian; with metadata beside them as lines of JSON, line i for row i.
 */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { invalid, limits } from "../base/index.js";
import type { Metadata } from "../protocol/index.js";
import type { ImportBatch, ImportSource } from "./batch.js";
import { jsonLines } from "./json-lines.js";

const headerBytes = 8;

interface VectorFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly rows: number;
  readonly dimension: number;
  readonly componentBytes: 1 | 4;
}

/** Errors: `INVALID_ARGUMENT` for a file that is not of its format. */
export async function openVectorFile(
  path: string,
  metadataPath: string | undefined,
): Promise<ImportSource> {
  const file = await openChecked(path);
  return { total: file.rows, batches: (rows) => readBatches(file, metadataPath, rows) };
}

async function openChecked(path: string): Promise<VectorFile> {
  const handle = await open(path, "r");
  const header = Buffer.alloc(headerBytes);
  await handle.read(header, 0, headerBytes, 0);
  const [rows, dimension] = [header.readUInt32LE(0), header.readUInt32LE(4)];
  const componentBytes = path.endsWith(".u8bin") ? 1 : 4;
  const { size } = await handle.stat();
  const expected = headerBytes + rows * dimension * componentBytes;
  if (dimension >= 1 && dimension <= limits.dimensionMax && size === expected) {
    return { path, handle, rows, dimension, componentBytes };
  }
  await handle.close();
  throw invalid(
    `${path}: ${rows} rows of dimension ${dimension} take ${expected} bytes, not ${size}`,
  );
}

async function* readBatches(
  file: VectorFile,
  metadataPath: string | undefined,
  rowsPerBatch: number,
): AsyncGenerator<ImportBatch> {
  const lines = metadataPath === undefined ? undefined : jsonLines(metadataPath);
  try {
    for (let first = 0; first < file.rows; first += rowsPerBatch) {
      const count = Math.min(rowsPerBatch, file.rows - first);
      const data = await readRows(file, first, count);
      const metadata = lines && (await takeLines(lines, count, metadataPath as string));
      yield { dimension: file.dimension, data, ...(metadata && { metadata }) };
    }
  } finally {
    await file.handle.close();
    await lines?.return(undefined);
  }
}

async function readRows(file: VectorFile, first: number, count: number): Promise<Float32Array> {
  const { dimension, componentBytes, handle } = file;
  const bytes = new Uint8Array(count * dimension * componentBytes);
  const position = headerBytes + first * dimension * componentBytes;
  for (let done = 0; done < bytes.length;) {
    const rest = bytes.length - done;
    const { bytesRead } = await handle.read(bytes, done, rest, position + done);
    if (bytesRead === 0) throw invalid(`${file.path} ends before row ${first + count}`);
    done += bytesRead;
  }
  return componentBytes === 1 ? Float32Array.from(bytes) : new Float32Array(bytes.buffer);
}

async function takeLines(
  lines: AsyncGenerator<{ readonly value: unknown; readonly line: number }, void, undefined>,
  count: number,
  path: string,
): Promise<Metadata[]> {
  const taken: Metadata[] = [];
  while (taken.length < count) {
    const next = await lines.next();
    if (next.done) throw invalid(`${path} has fewer lines than there are rows`);
    taken.push(next.value.value as Metadata);
  }
  return taken;
}
