/**
 * Lists as a file, without what only searches need. A list is its centroid's record, and rows:
 *
 *     mean, float32 | number of lists u32 | per list: rows u32, record | records of all rows
 *
 * Whether a file is whole is for `SnapshotDirectory` to say: here it is taken as it was written.
 */
import type { Disk, DiskFile } from "../../base/index.js";
import { chunk, ordinalField, slot } from "./list-layout.js";
import type { ListStore, RowList } from "./list-store.js";

/** Changes with the layout of records: files of another format are not read. */
export const listFormat = 1;

/** Rows read, or chunks of rows written, at a time. */
const bufferBytes = 1 << 22;

/** Writes all lists. Errors: the disk's. */
export async function writeLists(disk: Disk, path: string, store: ListStore): Promise<void> {
  const file = await disk.open(path, "create");
  try {
    const head = headOf(store);
    await file.write(head, 0);
    await writeRows(file, head.length, store);
  } finally {
    await file.close();
  }
}

/** Fills a store that is empty; whether the file had as many bytes as it says, and memory for them. */
export async function readLists(disk: Disk, path: string, store: ListStore): Promise<boolean> {
  const file = await disk.open(path, "read");
  try {
    const head = await readHead(file, store);
    return head !== undefined && (await readRows(file, store, head));
  } finally {
    await file.close();
  }
}

function headOf(store: ListStore): Uint8Array {
  const { codeBytes, stride } = store.memory.layout;
  const head = new Uint8Array(4 * codeBytes + 4 + store.lists.length * (4 + stride));
  const view = new DataView(head.buffer);
  const mean = store.meanOf(store.table);
  mean.forEach((value, index) => view.setFloat32(4 * index, value, true));
  let at = 4 * codeBytes;
  view.setUint32(at, store.lists.length, true);
  at += 4;
  for (const list of store.lists) {
    view.setUint32(at, list.rows, true);
    head.set(store.bytesOf(list.centroid), at + 4);
    at += 4 + stride;
  }
  return head;
}

/** The rows of one chunk lie one after the other. */
async function writeRows(file: DiskFile, from: number, store: ListStore): Promise<void> {
  const { chunkRows, stride } = store.memory.layout;
  const buffer = new Uint8Array(bufferBytes);
  let position = from;
  let used = 0;
  const flush = async (): Promise<void> => {
    await file.write(buffer.subarray(0, used), position);
    position += used;
    used = 0;
  };
  for (const { chunks, rows } of store.lists) {
    for (const [index, address] of chunks.entries()) {
      const bytes = Math.min(chunkRows, rows - index * chunkRows) * stride;
      if (used + bytes > buffer.length) await flush();
      buffer.set(new Uint8Array(store.memory.memory.buffer, address + chunk.records, bytes), used);
      used += bytes;
    }
  }
  await flush();
}

interface Head {
  readonly mean: Float32Array;
  readonly lists: readonly { readonly rows: number; readonly record: Uint8Array }[];
  readonly bytes: number;
}

async function readHead(file: DiskFile, store: ListStore): Promise<Head | undefined> {
  const { codeBytes, stride } = store.memory.layout;
  const start = new Uint8Array(4 * codeBytes + 4);
  if ((await file.read(start, 0)) < start.length) return undefined;
  const view = new DataView(start.buffer);
  const mean = Float32Array.from({ length: codeBytes }, (_, at) => view.getFloat32(4 * at, true));
  const count = view.getUint32(4 * codeBytes, true);
  const body = new Uint8Array(count * (4 + stride));
  if ((await file.read(body, start.length)) < body.length) return undefined;
  const rowsOf = new DataView(body.buffer);
  const lists = Array.from({ length: count }, (_, index) => {
    const at = index * (4 + stride);
    return { rows: rowsOf.getUint32(at, true), record: body.subarray(at + 4, at + 4 + stride) };
  });
  return { mean, lists, bytes: start.length + body.length };
}

async function readRows(file: DiskFile, store: ListStore, head: Head): Promise<boolean> {
  const { stride } = store.memory.layout;
  const made: RowList[] = [];
  const buffer = new Uint8Array(Math.floor(bufferBytes / stride) * stride);
  let position = head.bytes;
  for (const { rows, record } of head.lists) {
    const list = store.restoreList(record);
    if (!list) return false;
    made.push(list);
    for (let left = rows * stride; left > 0;) {
      const part = buffer.subarray(0, Math.min(left, buffer.length));
      if ((await file.read(part, position)) < part.length) return false;
      if (!appendAll(store, list, part)) return false;
      position += part.length;
      left -= part.length;
    }
  }
  const draft = store.draft(head.mean, made);
  if (draft === undefined || position !== (await file.size())) return false;
  store.replace(draft, made);
  return true;
}

/** Appends records that lie one after the other; whether there was memory. */
function appendAll(store: ListStore, list: RowList, records: Uint8Array): boolean {
  const { stride, codeBytes } = store.memory.layout;
  const record = store.memory.scratch + slot.record;
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  for (let at = 0; at < records.length; at += stride) {
    const target = new Uint8Array(store.memory.memory.buffer, record, stride);
    target.set(records.subarray(at, at + stride));
    const ordinal = view.getUint32(at + codeBytes + ordinalField, true);
    if (!store.append(list, { record, ordinal })) return false;
  }
  return true;
}
