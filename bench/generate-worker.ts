/** One thread of generate.ts: makes every nth block, writes it to the file, compares the queries. */
import { closeSync, openSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { BlockNeighbours } from "./block-neighbours.js";
import type { Neighbour } from "./block-neighbours.js";
import { headerBytes, writeWhole } from "./data-set.js";
import { Mixture } from "./mixture.js";
import type { MixtureShape } from "./mixture.js";

export interface GenerateTask {
  readonly shape: MixtureShape;
  readonly rows: number;
  readonly path: string;
  readonly queries: readonly Float32Array[];
  /** Neighbours wanted of each query; none when 0. */
  readonly k: number;
  /** This thread makes the blocks whose number leaves `thread` when divided by `threads`. */
  readonly thread: number;
  readonly threads: number;
}

export type GenerateResult = readonly (readonly Neighbour[])[];

const blockRows = 2048;

function generate({
  shape,
  rows,
  path,
  queries,
  k,
  thread,
  threads,
}: GenerateTask): GenerateResult {
  const mixture = new Mixture(shape);
  const neighbours = k > 0 ? new BlockNeighbours(queries, "l2", k) : undefined;
  const file = openSync(path, "r+");
  for (let block = thread; block * blockRows < rows; block += threads) {
    const first = block * blockRows;
    const packed = mixture.block(block, Math.min(blockRows, rows - first));
    writeWhole(file, packed, headerBytes + first * shape.dimension * 4);
    neighbours?.add(first, packed);
  }
  closeSync(file);
  return neighbours?.found ?? [];
}

parentPort!.postMessage(generate(workerData as GenerateTask));
