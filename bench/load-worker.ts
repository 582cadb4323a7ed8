/** The other end of load-process.ts: searches over REST in MessagePack, as many at once as told. */
import { performance } from "node:perf_hooks";
import { decode, encode } from "@msgpack/msgpack";
import type { CheckedAnswer, LoadResult, SearchLoad } from "./load-process.js";
import { RawClient, encodePost } from "./raw-client.js";

/** Of so many answers one is kept and looked at after the run. */
const checkedOneOf = 64;
const microsecondsPerSecond = 1e6;

function encodeRequest(query: Float32Array, address: string, load: SearchLoad): Buffer {
  const { topK: top_k, include_vectors, recall, consistency_level, collection } = load;
  const query_vector = new Uint8Array(query.buffer, query.byteOffset, query.byteLength);
  const asked = { query_vector, top_k, include_vectors, recall, consistency_level };
  const body = encode(asked, { ignoreUndefined: true });
  return encodePost(address, `/v1/collections/${collection}/search`, body);
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
  const { addresses } = load;
  const requests = load.queries.map((query) => encodeRequest(query, addresses[0]!, load));
  const times: number[] = [];
  const kept: { readonly body: Buffer; readonly query: number }[] = [];
  let next = 0;
  let bytes = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const end = began + load.seconds * 1000;
  const client = (number: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const connection = new RawClient(addresses[number % addresses.length]!, reject);
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
  await Promise.all(Array.from({ length: load.atOnce }, (_, number) => client(number)));
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
