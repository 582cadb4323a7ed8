/** Vectors, queries and exact neighbours from files of the ann formats (.fbin, .u8bin, .ibin). */
import { openSync, readFileSync, readSync, writeFileSync, writeSync } from "node:fs";

export interface Matrix {
  readonly rows: number;
  readonly dimension: number;
  readonly data: Float32Array;
}

export interface DataSet {
  readonly name: string;
  readonly metric: "cosine" | "l2" | "dot_product";
  readonly train: Matrix;
  readonly queries: Matrix;
  /** Row numbers of the nearest of each query, nearest first; computed when no file is given. */
  readonly truth: readonly (readonly number[])[];
}

/** Both formats begin with two uint32: rows, and columns. */
export const headerBytes = 8;

export function readMatrix(path: string): Matrix {
  const bytes = readFileSync(path);
  const rows = bytes.readUInt32LE(0);
  const dimension = bytes.readUInt32LE(4);
  const body = bytes.subarray(headerBytes);
  const data = path.endsWith(".u8bin")
    ? Float32Array.from(body)
    : new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength));
  if (data.length !== rows * dimension) throw new Error(`${path} is not ${rows} x ${dimension}`);
  return { rows, dimension, data };
}

/** An `.fbin` file that is read by slices, for sets that are larger than a buffer may be. */
export class MatrixFile {
  readonly rows: number;
  readonly dimension: number;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "r");
    const head = Buffer.alloc(headerBytes);
    readSync(this.#file, head, 0, headerBytes, 0);
    this.rows = head.readUInt32LE(0);
    this.dimension = head.readUInt32LE(4);
  }

  /** Rows `from` to `to`, the latter not included, one after the other. */
  slice(from: number, to: number): Float32Array {
    const data = new Float32Array((to - from) * this.dimension);
    const rowBytes = this.dimension * Float32Array.BYTES_PER_ELEMENT;
    const read = readSync(this.#file, data, 0, data.byteLength, headerBytes + from * rowBytes);
    if (read !== data.byteLength) throw new Error(`no ${to} rows in it`);
    return data;
  }
}

/** The first `k` columns of an `.ibin` file. */
export function readTruth(path: string, k: number): number[][] {
  const bytes = readFileSync(path);
  const columns = bytes.readUInt32LE(4);
  return Array.from({ length: bytes.readUInt32LE(0) }, (_, row) =>
    Array.from({ length: k }, (_unused, column) =>
      bytes.readInt32LE(headerBytes + 4 * (row * columns + column)),
    ),
  );
}

export function rowOf({ data, dimension }: Matrix, row: number): Float32Array {
  return data.slice(row * dimension, (row + 1) * dimension);
}

function header(rows: number, columns: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt32LE(rows, 0);
  bytes.writeUInt32LE(columns, 4);
  return bytes;
}

export function writeHeader(file: number, rows: number, columns: number): void {
  writeSync(file, header(rows, columns), 0, headerBytes, 0);
}

/** Writes all bytes of `data` at a position: one call of the system may take fewer. */
export function writeWhole(file: number, data: Float32Array, position: number): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

export function writeMatrix(path: string, { rows, dimension, data }: Matrix): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  writeFileSync(path, Buffer.concat([header(rows, dimension), bytes]));
}

/** Row numbers of the nearest of each query, as many for each. */
export function writeTruth(path: string, truth: readonly (readonly number[])[]): void {
  const columns = truth[0]?.length ?? 0;
  const body = new Uint8Array(Int32Array.from(truth.flat()).buffer);
  writeFileSync(path, Buffer.concat([header(truth.length, columns), body]));
}
