/**
 * Where a vector stands: the arithmetic and the header of vector files. A file holds a fixed number
 * of rows, so an ordinal alone says which file and where, and no directory of files is kept.
 */
import { assert } from "../base/index.js";
import { bytesCrc } from "./checksum.js";
import { corrupted } from "./records.js";

export const vectorFileBytesDefault = 256 * 1024 * 1024;
/** A sector of any drive: writing rows never touches the sector of the header. */
export const headerBytes = 4096;

const magic = Buffer.from("DVESPVEC", "latin1");
const format = 1;
const checkedBytes = 24;
const namePattern = /^vectors-(\d{10})\.f32$/;

assert(
  new Uint8Array(Uint32Array.of(1).buffer)[0] === 1,
  "vector files need a little-endian machine",
);

export class VectorLayout {
  readonly dimension: number;
  readonly rowsPerFile: number;
  /** Bytes of one row. */
  readonly stride: number;

  constructor(dimension: number, rowsPerFile: number) {
    assert(dimension > 0 && rowsPerFile > 0, "a layout has rows");
    this.dimension = dimension;
    this.rowsPerFile = rowsPerFile;
    this.stride = dimension * Float32Array.BYTES_PER_ELEMENT;
  }

  fileOf(ordinal: number): number {
    return Math.floor(ordinal / this.rowsPerFile);
  }

  firstOrdinalOf(file: number): number {
    return file * this.rowsPerFile;
  }

  /** Where in its file the row at `ordinal` begins. */
  positionOf(ordinal: number): number {
    return headerBytes + (ordinal % this.rowsPerFile) * this.stride;
  }

  /** Rows of the file of `ordinal` from it to the end of the file. */
  rowsLeft(ordinal: number): number {
    return this.rowsPerFile - (ordinal % this.rowsPerFile);
  }

  nameOf(file: number): string {
    return `vectors-${String(this.firstOrdinalOf(file)).padStart(10, "0")}.f32`;
  }

  /** Length of `file` when `nextOrdinal` is the first row that nobody refers to. */
  fileBytes(file: number, nextOrdinal: number): number {
    const rows = Math.min(nextOrdinal - this.firstOrdinalOf(file), this.rowsPerFile);
    return headerBytes + rows * this.stride;
  }

  /** Length of all files together, when `dropped` of the full ones are not there any more. */
  totalBytes(nextOrdinal: number, dropped: number): number {
    const files = Math.ceil(nextOrdinal / this.rowsPerFile) - dropped;
    return files * headerBytes + (nextOrdinal - dropped * this.rowsPerFile) * this.stride;
  }

  header(file: number): Uint8Array {
    const header = Buffer.alloc(headerBytes);
    header.set(magic, 0);
    header.writeUInt32LE(format, 8);
    header.writeUInt32LE(this.dimension, 12);
    header.writeUInt32LE(this.firstOrdinalOf(file), 16);
    header.writeUInt32LE(this.rowsPerFile, 20);
    header.writeUInt32LE(bytesCrc(header.subarray(0, checkedBytes)), checkedBytes);
    return header;
  }

  /** Errors: `DATA_CORRUPTED` when `header` is not the header of `file`. */
  checkHeader(file: number, header: Uint8Array): void {
    if (Buffer.compare(header, this.header(file)) !== 0) {
      throw corrupted(`${this.nameOf(file)}: its header is not the one that was written`);
    }
  }
}

/** As many rows as fit into `fileBytes`, at least one. */
export function rowsPerFile(dimension: number, fileBytes: number): number {
  const stride = dimension * Float32Array.BYTES_PER_ELEMENT;
  return Math.max(1, Math.floor((fileBytes - headerBytes) / stride));
}

/** The first ordinal of a vector file, or undefined for any other name. */
export function firstOrdinalOfName(name: string): number | undefined {
  const digits = namePattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
