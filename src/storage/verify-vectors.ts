/** The vector files, checked against the records: headers, lengths, and the bytes of live rows. */
import { join } from "node:path";
import { toStorageError, type Disk } from "../base/index.js";
import { vectorCrc } from "./checksum.js";
import type { RowRecord } from "./row-store.js";
import { headerBytes, type VectorLayout } from "./vector-layout.js";
import { openVectorFile, readVectors, shortFile } from "./vector-reader.js";

export interface VectorCheck {
  readonly disk: Disk;
  readonly directory: string;
  readonly layout: VectorLayout;
  readonly dropped: ReadonlySet<number>;
  readonly nextOrdinal: number;
  /** Live rows in ascending order of ordinals. */
  readonly rows: Iterable<RowRecord>;
  readonly onProblem: (problem: string) => void;
  readonly onProgress: (done: number) => void;
}

/** How many vectors were compared with their checksums. A file that cannot be read is one problem. */
export async function verifyVectors(check: VectorCheck): Promise<number> {
  const { layout, nextOrdinal } = check;
  const comparison = new Comparison(check);
  for (let file = 0; layout.firstOrdinalOf(file) < nextOrdinal; file++) {
    const first = layout.firstOrdinalOf(file);
    if (check.dropped.has(first)) continue;
    const count = Math.min(layout.rowsPerFile, nextOrdinal - first);
    try {
      await checkFile(check, file);
      await readVectors(check, first, count, (from, rows) => comparison.compare(from, rows));
    } catch (error) {
      check.onProblem(toStorageError(error, layout.nameOf(file)).message);
    }
  }
  return comparison.compared;
}

async function checkFile({ disk, directory, layout, nextOrdinal }: VectorCheck, file: number) {
  const path = join(directory, layout.nameOf(file));
  const opened = await openVectorFile(disk, path, "read");
  try {
    const header = new Uint8Array(headerBytes);
    await opened.read(header, 0);
    layout.checkHeader(file, header);
    const size = await opened.size();
    const wanted = layout.fileBytes(file, nextOrdinal);
    if (size < wanted) throw shortFile(path, size, wanted);
  } finally {
    await opened.close();
  }
}

/** Goes through rows and blocks side by side, both in order of ordinals. */
class Comparison {
  readonly #check: VectorCheck;
  readonly #rows: Iterator<RowRecord>;
  #row: RowRecord | undefined;
  compared = 0;

  constructor(check: VectorCheck) {
    this.#check = check;
    this.#rows = check.rows[Symbol.iterator]();
    this.#advance();
  }

  compare(firstOrdinal: number, rows: Float32Array): void {
    const { dimension } = this.#check.layout;
    const end = firstOrdinal + rows.length / dimension;
    while (this.#row && this.#row.ordinal < end) {
      const { ordinal } = this.#row;
      if (ordinal >= firstOrdinal) this.#compareRow(this.#row, rows, ordinal - firstOrdinal);
      this.#advance();
    }
    this.#check.onProgress(this.compared);
  }

  #compareRow(row: RowRecord, rows: Float32Array, index: number): void {
    this.compared++;
    if (vectorCrc(rows, index, this.#check.layout.dimension) === row.vectorCrc) return;
    this.#check.onProblem(`row ${row.ordinal}: its vector does not match its checksum`);
  }

  #advance(): void {
    const next = this.#rows.next();
    this.#row = next.done ? undefined : next.value;
  }
}
