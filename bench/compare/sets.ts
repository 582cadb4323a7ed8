/**
 * The sets that are compared on: their files, and two attributes of every row to filter by. `r` is a
 * random number below 1,000, the same for the same row; `c` is the row's class, 0 for the largest,
 * which correlates with the vectors.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readMatrix, rowOf } from "../data-set.js";
import type { Matrix } from "../data-set.js";

export interface SetFiles {
  readonly metric: "l2" | "cosine";
  readonly train: string;
  readonly queries: string;
  /** JSON lines, one a row, and the field that is the row's class. */
  readonly classes?: { readonly path: string; readonly field: string };
}

export const sets: Readonly<Record<string, SetFiles>> = {
  "fashion-mnist": {
    metric: "l2",
    train: "fashion-mnist-784.train.u8bin",
    queries: "fashion-mnist-784.query.u8bin",
    classes: { path: "fashion-mnist-784.train.meta.jsonl", field: "label" },
  },
  arxiv: {
    metric: "cosine",
    train: "arxiv-384.train.fbin",
    queries: "arxiv-384.query.fbin",
    classes: { path: "arxiv-384.train.meta.jsonl", field: "primary" },
  },
  siftsmall: {
    metric: "l2",
    train: "siftsmall-128.train.fbin",
    queries: "siftsmall-128.query.fbin",
  },
  sift: {
    metric: "l2",
    train: "sift-128.train.u8bin",
    queries: "sift-128.query.u8bin",
  },
};

export interface FilterSpec {
  readonly name: string;
  readonly field: "r" | "c";
  readonly op: "lt" | "eq";
  readonly value: number;
}

export interface LoadedSet {
  readonly metric: "l2" | "cosine";
  readonly train: Matrix;
  readonly queries: readonly Float32Array[];
  readonly r: Uint16Array;
  readonly c: Uint16Array;
}

/** How much of a set is used: the first rows, and the first queries. */
export interface Share {
  readonly rowsMax: number;
  readonly queriesMax: number;
}

export function loadSet(
  files: SetFiles,
  directory: string,
  { rowsMax, queriesMax }: Share,
): LoadedSet {
  const train = firstRows(readMatrix(join(directory, files.train)), rowsMax);
  const queries = readMatrix(join(directory, files.queries));
  const count = Math.min(queriesMax, queries.rows);
  return {
    metric: files.metric,
    train,
    queries: Array.from({ length: count }, (_, row) => rowOf(queries, row)),
    r: Uint16Array.from({ length: train.rows }, (_, row) => scatter(row) % 1000),
    c: files.classes
      ? readClasses(join(directory, files.classes.path), files.classes.field, train.rows)
      : new Uint16Array(train.rows),
  };
}

function firstRows({ rows, dimension, data }: Matrix, rowsMax: number): Matrix {
  const kept = Math.min(rows, rowsMax);
  return { rows: kept, dimension, data: data.slice(0, kept * dimension) };
}

/** A row number made random (finaliser of MurmurHash3). */
function scatter(row: number): number {
  let hash = Math.imul(row ^ (row >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function readClasses(path: string, field: string, rows: number): Uint16Array {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(0, rows);
  const names = lines.map((line) => {
    const value = (JSON.parse(line) as Record<string, unknown>)[field];
    if (value === undefined) throw new Error(`${path}: a line has no ${field}`);
    return String(value as string | number);
  });
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const order = [...counts.keys()].sort(
    (a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1),
  );
  const ranks = new Map(order.map((name, rank) => [name, rank]));
  return Uint16Array.from(names, (name) => ranks.get(name)!);
}

/** Random filters of four shares, and classes: the largest, and one that about 1 % of the rows have. */
export function filtersOf({ c, train }: LoadedSet): readonly FilterSpec[] {
  const random = [500, 100, 10, 1].map((value): FilterSpec => {
    return { name: `random ${value / 10} %`, field: "r", op: "lt", value };
  });
  const counts = new Uint32Array(1 + c.reduce((most, one) => Math.max(most, one), 0));
  for (const one of c) counts[one] = counts[one]! + 1;
  if (counts.length === 1) return random;
  const rare = counts.findIndex((count) => count <= train.rows / 100);
  const classes = rare > 0 ? [0, rare] : [0];
  const share = (value: number): string => ((100 * counts[value]!) / train.rows).toPrecision(2);
  return [
    ...random,
    ...classes.map((value): FilterSpec => {
      return { name: `class of ${share(value)} %`, field: "c", op: "eq", value };
    }),
  ];
}

export function admits(
  { r, c }: Pick<LoadedSet, "r" | "c">,
  filter: FilterSpec,
  row: number,
): boolean {
  const value = (filter.field === "r" ? r : c)[row]!;
  return filter.op === "lt" ? value < filter.value : value === filter.value;
}

/** The filter as an expression of SQL, which most peers take. */
export function toSql({ field, op, value }: FilterSpec): string {
  return `${field} ${op === "lt" ? "<" : "="} ${value}`;
}
