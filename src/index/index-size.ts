/**
 * What an index takes in memory: measured of one that is published, and derived from the layouts for
 * one that is planned. Rows themselves (`SharedRows`) count elsewhere.
 */
import { unreachable } from "../base/index.js";
import type { HnswSpec, IndexSpec, IvfSpec, SharedSpec } from "./index-spec.js";
import { listLayout } from "./ivf/list-layout.js";
import { listsWanted } from "./ivf/list-sizes.js";
import { graphLayout, header, upperRowBytes } from "./shared/graph-layout.js";
import type { IndexPublication } from "./vector-index.js";

export interface IndexSize {
  /** Bytes by which rows are compared: codes and sketches, or copies of the float32 rows. */
  readonly codes: number;
  /** Bytes by which rows are found: links of a graph, lists, and what records hold beside codes. */
  readonly links: number;
}

const nothing: IndexSize = { codes: 0, links: 0 };
/** Chunks of a list that are not filled, on average. */
const emptyChunks = 0.5;
/** Lists that are made anew stand beside the old ones for a while, and memory is never given back. */
const generations = 2;

/**
 * Bytes that a published index takes. Engine `hnswlib` keeps `copies` of the whole graph, one for
 * each thread that reads or builds it; the others share one.
 */
export function indexMemory(publication: IndexPublication, copies: number): IndexSize {
  const { indexed } = publication;
  if (indexed === 0) return nothing;
  switch (publication.engine) {
    case "flat":
      return nothing;
    case "hnswlib":
      return times(hnswlibRowBytes(publication.spec), indexed * copies);
    case "shared": {
      const { codeBytes, sketchStride, stride, upperBase } = graphLayout(publication.spec);
      const upper = publication.memories.reduce((sum, { buffer }) => {
        const words = new Uint32Array(buffer, 0, header.mean / 4);
        return sum + (words[header.upperUsed / 4] as number) - upperBase;
      }, 0);
      const codes = indexed * (codeBytes + sketchStride);
      return { codes, links: indexed * (stride - codeBytes) + upper };
    }
    case "ivf": {
      const { codeBytes, chunksBase } = listLayout(publication.spec.dimension);
      const codes = indexed * codeBytes;
      const chunks = publication.memory.buffer.byteLength - chunksBase;
      return { codes, links: Math.max(0, chunks - codes) };
    }
    default:
      return unreachable(publication);
  }
}

/** Bytes that each of `rows` rows takes in an index of `spec` on average, in one copy of it. */
export function indexRowBytes(spec: IndexSpec, rows: number): IndexSize {
  switch (spec.engine) {
    case "flat":
      return nothing;
    case "hnswlib":
      return hnswlibRowBytes(spec);
    case "shared":
      return sharedRowBytes(spec);
    case "ivf":
      return listRowBytes(spec, rows);
    default:
      return unreachable(spec);
  }
}

/**
 * Rows that one index of `spec` should hold at most: with more, every search walks another graph of
 * engine `shared`, or scans those that lists have no room for.
 */
export function indexRowsMax(spec: IndexSpec): number {
  switch (spec.engine) {
    case "flat":
    case "hnswlib":
      return Infinity;
    case "shared":
      return graphLayout(spec).rowsMax;
    case "ivf": {
      const { chunksBase, stride, rowsMax } = listLayout(spec.dimension);
      const { codes, links } = listRowBytes(spec, Math.floor((2 ** 32 - chunksBase) / stride));
      return Math.min(rowsMax, Math.floor((2 ** 32 - chunksBase) / (codes + links)));
    }
    default:
      return unreachable(spec);
  }
}

/** A record of hnswlib: links and their number, vector, label; above the lowest level, one list each. */
function hnswlibRowBytes({ dimension, m }: HnswSpec): IndexSize {
  const upper = (4 * (m + 1)) / (m - 1);
  return { codes: 4 * dimension, links: 4 * (2 * m + 1) + 8 + upper };
}

function sharedRowBytes(spec: SharedSpec): IndexSize {
  const { codeBytes, sketchStride, stride } = graphLayout(spec);
  return { codes: codeBytes + sketchStride, links: stride - codeBytes + upperRowBytes(spec.m) };
}

function listRowBytes({ dimension, lists }: IvfSpec, rows: number): IndexSize {
  const { codeBytes, chunkBytes, chunkRows } = listLayout(dimension);
  const rowsPerList = rows / listsWanted(rows, lists);
  const taken = chunkBytes / chunkRows + (emptyChunks * chunkBytes) / rowsPerList;
  return { codes: codeBytes, links: generations * taken - codeBytes };
}

function times({ codes, links }: IndexSize, count: number): IndexSize {
  return { codes: codes * count, links: links * count };
}
