/**
 * What the rows of a store take in LMDB, derived from the records and from how LMDB lays out pages;
 * for plans. Rows are appended: a page that is split there keeps all records but the last. Ids come
 * at random, and pages of a tree that grows at random are two thirds full (Yao, 1978: ln 2). A commit
 * writes the pages it changes anew; the old ones are used again two commits later.
 */
import { uuidBytes } from "../base/index.js";
import { leafBytes } from "./leaf-records.js";
import { crcBytes } from "./records.js";

const pageBytes = 4096;
const pageHeaderBytes = 16;
/** LMDB's own, of each record: its header and its place in the page. */
const nodeBytes = 10;
const tagBytes = 1;
const numberBytes = 4;
/** Time and counter, a dot, and the name of a node. */
const versionBytes = 26;
const randomFill = Math.LN2;
/** Values longer than half a page get pages of their own. */
const inlineBytesMax = 2000;
/** Rows of a large commit: each of them may change a page of ids. */
const commitRows = 10_000;
/** Generations of replaced pages that wait to be used again. */
const waitingGenerations = 2;

export interface RecordsShape {
  readonly rows: number;
  /** Encoded metadata of each row. */
  readonly metadataBytes: number;
  /** Leaves of the Merkle tree over the rows; each commit changes most of them. */
  readonly leaves: number;
}

/** Bytes of the LMDB file of so many rows. */
export function recordBytes({ rows, metadataBytes, leaves }: RecordsShape): number {
  const value = uuidBytes + 9 + versionBytes + metadataBytes + crcBytes;
  const row = appendedBytes(nodeBytes + tagBytes + numberBytes, value);
  const id = (nodeBytes + tagBytes + uuidBytes + numberBytes + crcBytes) / randomFill;
  const tree = (Math.min(rows, leaves) * leafBytes) / randomFill;
  const idPages = (rows * id) / pageBytes;
  const replaced = waitingGenerations * (Math.min(idPages, commitRows) * pageBytes + tree);
  // What is kept of a write for a day, to answer the same call again, names each of its ids.
  return rows * (row + id + uuidBytes) + tree + replaced;
}

function appendedBytes(fixed: number, value: number): number {
  if (value > inlineBytesMax) {
    return fixed + Math.ceil((value + pageHeaderBytes) / pageBytes) * pageBytes;
  }
  return pageBytes / (Math.floor((pageBytes - pageHeaderBytes) / (fixed + value)) - 1);
}
