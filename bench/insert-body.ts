/** Bodies of inserts as a MessagePack client sends them: packed vectors, 200 bytes of metadata a row. */
import { encodeAnswer } from "../dist/protocol/index.js";

let counter = 0;

interface Shape {
  readonly rows: number;
  readonly dimension: number;
}

export function insertBody(of: Shape): Uint8Array {
  const { data, metadata } = insertRows(of);
  return encodeAnswer("msgpack", { vectors: { dimension: of.dimension, data }, metadata });
}

/** No two rows are the same, of whatever call. */
export function insertRows({ rows, dimension }: Shape) {
  const data = new Float32Array(rows * dimension);
  let state = (0x9e3779b9 ^ ++counter) >>> 0;
  for (let index = 0; index < data.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[index] = state / 2 ** 31 - 1;
  }
  const metadata = Array.from({ length: rows }, (_, row) => ({
    title: `A row with a title of some length, number ${row} of call ${counter}`,
    category: `category ${row % 16}`,
    year: 1990 + (row % 35),
    source: "made for the benchmark of inserts, about two hundred bytes a row",
    tags: ["one", "two", `tag ${row % 100}`],
  }));
  return { data, metadata };
}
