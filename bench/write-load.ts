/**
 * Inserts over REST in MessagePack: as fast as they are answered, or so many a second.
 * Of a sample it is told how long after the answer every other node has the row as well.
 */
import { performance } from "node:perf_hooks";
import { decode, encode } from "@msgpack/msgpack";
import { connect } from "dvesp";
import type { ConsistencyLevel, VectorStore } from "dvesp";
import { RawClient, encodePost } from "./raw-client.js";

export interface WriteLoad {
  /** Nodes that are asked in turn. */
  readonly addresses: readonly string[];
  readonly collection: string;
  readonly rows: readonly Float32Array[];
  /** Rows of one insert; default 1. */
  readonly rowsAtOnce?: number;
  readonly consistency_level: ConsistencyLevel;
  readonly atOnce: number;
  readonly seconds: number;
  /** Inserts a second; default: as many as are answered. */
  readonly perSecond?: number;
}

export interface WriteResult {
  /** Milliseconds of each request; with a pace, from when it was due. */
  readonly times: readonly number[];
  /** Milliseconds from an answer until the last of the other nodes had the row. */
  readonly lags: readonly number[];
  readonly seconds: number;
}

interface Written {
  readonly vector_ids: readonly string[];
  readonly commit_token: string;
}

/** After so many rows the next insert is looked for on the other nodes. */
const followedEveryRows = 16;

export async function runWrites(load: WriteLoad): Promise<WriteResult> {
  const { addresses, atOnce } = load;
  const readers = addresses.map((address) => connect({ nodes: [address] }));
  const run = new WriteRun(load, readers);
  try {
    await Promise.all(Array.from({ length: atOnce }, (_, number) => run.client(number)));
    return await run.result();
  } finally {
    await Promise.all(readers.map((one) => one.close()));
  }
}

class WriteRun {
  readonly #load: WriteLoad;
  readonly #readers: readonly VectorStore[];
  readonly #began = performance.now();
  readonly #times: number[] = [];
  readonly #lags: Promise<number>[] = [];
  #next = 0;

  constructor(load: WriteLoad, readers: readonly VectorStore[]) {
    this.#load = load;
    this.#readers = readers;
  }

  async client(number: number): Promise<void> {
    const { addresses, seconds, perSecond } = this.#load;
    const node = number % addresses.length;
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => (fail = reject));
    const connection = new RawClient(addresses[node]!, fail);
    for (;;) {
      const index = this.#next++;
      const dueMs = perSecond === undefined ? 0 : (index * 1000) / perSecond;
      const waitMs = this.#began + dueMs - performance.now();
      if (Math.max(dueMs, performance.now() - this.#began) >= seconds * 1000) break;
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const start = perSecond === undefined ? performance.now() : this.#began + dueMs;
      const answer = new Promise<Written>((resolve) =>
        connection.send(this.#request(index, addresses[node]!), (body) =>
          resolve(decode(body) as Written),
        ),
      );
      const written = await Promise.race([answer, failed]);
      this.#times.push(performance.now() - start);
      if (this.#isFollowed(index)) this.#lags.push(this.#lag(written, node));
    }
    connection.close();
  }

  async result(): Promise<WriteResult> {
    const seconds = (performance.now() - this.#began) / 1000;
    return { times: this.#times, lags: await Promise.all(this.#lags), seconds };
  }

  #isFollowed(index: number): boolean {
    const { rowsAtOnce = 1 } = this.#load;
    const untilRow = (inserts: number) => Math.ceil((inserts * rowsAtOnce) / followedEveryRows);
    return untilRow(index) < untilRow(index + 1);
  }

  #request(index: number, address: string): Buffer {
    const { rows, rowsAtOnce = 1, collection, consistency_level } = this.#load;
    const numbers = Array.from({ length: rowsAtOnce }, (_, row) => index * rowsAtOnce + row);
    const dimension = rows[0]!.length;
    const vectors = new Float32Array(rowsAtOnce * dimension);
    numbers.forEach((number, at) => vectors.set(rows[number % rows.length]!, at * dimension));
    const data = new Uint8Array(vectors.buffer);
    const metadata = numbers.map((row) => ({ row }));
    const body = encode({ vectors: { dimension, data }, metadata, consistency_level });
    return encodePost(address, `/v1/collections/${collection}/insert`, body);
  }

  /** A read that carries the commit token is answered by a node as soon as it has the row itself. */
  async #lag({ vector_ids, commit_token }: Written, writer: number): Promise<number> {
    const answered = performance.now();
    const { collection } = this.#load;
    const others = this.#readers.filter((_, node) => node !== writer);
    const request = { collection, ids: [...vector_ids], after: commit_token };
    await Promise.all(others.map((one) => one.get({ ...request, consistency_level: "ONE" })));
    return performance.now() - answered;
  }
}
