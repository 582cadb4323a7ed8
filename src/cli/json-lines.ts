/**
 * Lines of JSON, one value each; and `.jsonl` files of rows as an import takes them:
 * `{"id"?: uuid, "vector": [...], "metadata"?: {...}}`.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { invalid } from "../base/index.js";
import type { Metadata } from "../protocol/index.js";
import type { ImportBatch, ImportSource } from "./batch.js";

export interface JsonLine {
  readonly value: unknown;
  /** From 1. */
  readonly line: number;
}

/** The values of a file, line by line; empty lines are skipped. Errors: `INVALID_ARGUMENT`. */
export async function* jsonLines(path: string): AsyncGenerator<JsonLine, void, undefined> {
  const input = createReadStream(path, "utf8");
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line++;
      if (text.trim() !== "") yield { value: parse(text, `${path}:${line}`), line };
    }
  } finally {
    input.destroy();
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`${where}: ${cause instanceof Error ? cause.message : "not JSON"}`);
  }
}

interface Row {
  readonly id?: string;
  readonly vector: readonly number[];
  readonly metadata?: Metadata;
}

export function openJsonLines(path: string): ImportSource {
  return { batches: (rows) => rowBatches(path, rows) };
}

async function* rowBatches(path: string, rowsPerBatch: number): AsyncGenerator<ImportBatch> {
  let rows: Row[] = [];
  for await (const { value, line } of jsonLines(path)) {
    rows.push(checkRow(value, rows[0], `${path}:${line}`));
    if (rows.length === rowsPerBatch) {
      yield toBatch(rows);
      rows = [];
    }
  }
  if (rows.length > 0) yield toBatch(rows);
}

function checkRow(value: unknown, first: Row | undefined, where: string): Row {
  const row = value as Partial<Row> | null;
  const numbers = Array.isArray(row?.vector) && row.vector.every((one) => typeof one === "number");
  if (!numbers) throw invalid(`${where}: no "vector" array of numbers`);
  const checked = row as Row;
  if (first && checked.vector.length !== first.vector.length) {
    throw invalid(`${where}: dimension ${checked.vector.length}, not ${first.vector.length}`);
  }
  if (first && (checked.id === undefined) !== (first.id === undefined)) {
    throw invalid(`${where}: either all rows have an "id" or none`);
  }
  return checked;
}

function toBatch(rows: readonly Row[]): ImportBatch {
  const dimension = (rows[0] as Row).vector.length;
  const data = new Float32Array(rows.length * dimension);
  rows.forEach((row, index) => data.set(row.vector, index * dimension));
  const ids = rows.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const metadata = rows.map((row) => row.metadata ?? {});
  return { dimension, data, metadata, ...(ids.length > 0 && { ids }) };
}
