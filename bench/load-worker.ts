/** The other end of load-process.ts: searches over REST in MessagePack, as many at once as told. */
import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";
import type { LoadResult, SearchLoad } from "./load-process.js";

/** A MessagePack map of fixed shape: `{ query_vector: bin, top_k: 10, include_vectors }`. */
function encodeBody(query: Float32Array, include_vectors: boolean): Buffer {
  const bytes = Buffer.from(query.buffer, query.byteOffset, query.byteLength);
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.of(0xa0 | value.length), Buffer.from(value)]);
  const head = Buffer.alloc(3);
  head[0] = 0xc5;
  head.writeUInt16BE(bytes.length, 1);
  const flag = Buffer.of(include_vectors ? 0xc3 : 0xc2);
  const parts = [Buffer.of(0x83), text("query_vector"), head, bytes, text("top_k"), Buffer.of(10)];
  return Buffer.concat([...parts, text("include_vectors"), flag]);
}

function post(agent: Agent, load: SearchLoad, body: Buffer): Promise<void> {
  const [host, port] = load.address.split(":");
  return new Promise((resolve, reject) => {
    const call = request(
      {
        agent,
        host,
        port,
        method: "POST",
        path: `/v1/collections/${load.collection}/search`,
        headers: {
          "content-type": "application/msgpack",
          accept: "application/msgpack",
          "content-length": body.length,
        },
      },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        response.resume().on("end", resolve).on("error", reject);
      },
    );
    call.on("error", reject).end(body);
  });
}

async function run(load: SearchLoad): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.atOnce });
  const bodies = load.queries.map((query) => encodeBody(query, load.include_vectors));
  const times: number[] = [];
  let next = 0;
  const began = performance.now();
  const end = began + load.seconds * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const body = bodies[next++ % bodies.length] as Buffer;
      const start = performance.now();
      await post(agent, load, body);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: load.atOnce }, client));
  agent.destroy();
  return { times, seconds: (performance.now() - began) / 1000 };
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
