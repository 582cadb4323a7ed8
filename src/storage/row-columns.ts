/**
 * New rows as columns: what a large insert brings. Their records are the same as those of single rows,
 * byte for byte; they are written one after the other into one piece of memory, as an object and a
 * few views for each row take longer than the disk.
 */
import { assert, uuidBytes } from "../base/index.js";
import { bytesCrc } from "./checksum.js";
import { keyBytes, putNumberKey, tags } from "./keys.js";
import { crcBytes, rowFixedBytes, valueBytesMax, versionBytes, writeRowHead } from "./records.js";
import type { RowColumns } from "./row-store.js";
import type { TableWrite } from "./table.js";

export function columnCount(columns: RowColumns | undefined): number {
  return columns ? columns.ids.length / uuidBytes : 0;
}

/** The first ordinal behind the rows. */
export function columnsEnd(columns: RowColumns): number {
  return columns.firstOrdinal + columnCount(columns);
}

/** The records of all rows, in the order of their ordinals. */
export function encodeColumns(columns: RowColumns): TableWrite[] {
  const { firstOrdinal, ids, vectorCrcs, metadataCrcs, metadata } = columns;
  const count = columnCount(columns);
  const isWhole = vectorCrcs.length === count && metadataCrcs.length === count;
  assert(isWhole && metadata.ends.length === count, "columns have one length");
  const version = versionBytes(columns.version);
  const fixedBytes = keyBytes + rowFixedBytes + version.length + crcBytes;
  const memory = Buffer.allocUnsafeSlow(count * fixedBytes + metadata.data.length);
  const { buffer } = memory;
  const writes = new Array<TableWrite>(count);
  let at = 0;
  let from = 0;
  for (let index = 0; index < count; index++) {
    const start = at;
    putNumberKey(memory, start, tags.row, firstOrdinal + index);
    const body = start + keyBytes;
    at = writeRowHead(memory, body, {
      ids,
      idAt: index * uuidBytes,
      vectorCrc: vectorCrcs[index] as number,
      metadataCrc: metadataCrcs[index] as number,
      version,
    });
    const to = metadata.ends[index] as number;
    memory.set(metadata.data.subarray(from, to), at);
    at += to - from;
    from = to;
    assert(at - body <= valueBytesMax, "a record is below 15 MiB");
    memory.writeUInt32LE(bytesCrc(new Uint8Array(buffer, start, at - start)), at);
    at += crcBytes;
    writes[index] = {
      key: new Uint8Array(buffer, start, keyBytes),
      value: new Uint8Array(buffer, body, at - body),
    };
  }
  return writes;
}
