/** The other end of load-process.ts: searches over REST in MessagePack, as many at once as told. */
import { performance } from "node:perf_hooks";
import { decode } from "@msgpack/msgpack";
import type { CheckedAnswer, LoadResult, SearchLoad } from "./load-process.js";
import { RawClient } from "./raw-client.js";

/** Of so many answers one is kept and looked at after the run. */
const checkedOneOf = 64;
const microsecondsPerSecond = 1e6;

/** A MessagePack map of fixed shape: `{ query_vector: bin, top_k: 10, include_vectors }`. */
function encodeBody(query: Float32Array, load: SearchLoad): Buffer {
  const bytes = Buffer.from(query.buffer, query.byteOffset, query.byteLength);
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.of(0xa0 | value.length), Buffer.from(value)]);
  const head = Buffer.alloc(3);
  head[0] = 0xc5;
  head.writeUInt16BE(bytes.length, 1);
  const flag = Buffer.of(load.include_vectors ? 0xc3 : 0xc2);
  const parts = [text("query_vector"), head, bytes, text("top_k"), Buffer.of(load.topK)];
  parts.push(text("include_vectors"), flag);
  if (load.recall === undefined) return Buffer.concat([Buffer.of(0x83), ...parts]);
  const recall = Buffer.alloc(9);
  recall[0] = 0xcb;
  recall.writeDoubleBE(load.recall, 1);
  return Buffer.concat([Buffer.of(0x84), ...parts, text("recall"), recall]);
}

function encodeRequest(query: Float32Array, load: SearchLoad): Buffer {
  const body = encodeBody(query, load);
  const head = [
    `POST /v1/collections/${load.collection}/search HTTP/1.1`,
    `host: ${load.address}`,
    "content-type: application/msgpack",
    "accept: application/msgpack",
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

interface SearchAnswer {
  readonly results: readonly { id: string; vector?: Uint8Array; metadata?: object }[];
}

/** What a kept answer holds; throws when it is not what was asked for. */
function check(body: Buffer, query: number, load: SearchLoad): CheckedAnswer {
  const { results } = decode(body) as SearchAnswer;
  if (results.length !== load.topK) throw new Error(`an answer of ${results.length} results`);
  for (const { vector, metadata } of results) {
    if ((vector !== undefined) !== load.include_vectors)
      throw new Error("vectors are not as asked");
    if (metadata === undefined) throw new Error("an answer without metadata");
  }
  return { query, ids: results.map(({ id }) => id) };
}

async function run(load: SearchLoad): Promise<LoadResult> {
  const requests = load.queries.map((query) => encodeRequest(query, load));
  const [host = "", port] = load.address.split(":");
  const times: number[] = [];
  const kept: { readonly body: Buffer; readonly query: number }[] = [];
  let next = 0;
  let bytes = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const end = began + load.seconds * 1000;
  const client = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const connection = new RawClient(host, Number(port), reject);
      const step = (): void => {
        const query = next++ % requests.length;
        const start = performance.now();
        connection.send(requests[query]!, (body) => {
          const now = performance.now();
          times.push(now - start);
          bytes += body.length;
          if (times.length % checkedOneOf === 0) kept.push({ body: Buffer.from(body), query });
          if (now < end) {
            step();
            return;
          }
          connection.close();
          resolve();
        });
      };
      step();
    });
  await Promise.all(Array.from({ length: load.atOnce }, client));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    times,
    seconds,
    cpuSeconds: (user + system) / microsecondsPerSecond,
    bytes,
    checked: kept.map(({ body, query }) => check(body, query, load)),
  };
}

process.on("message", (load: SearchLoad) => {
  run(load).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
