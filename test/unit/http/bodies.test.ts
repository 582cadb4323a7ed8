import { randomBytes } from "node:crypto";
import http from "node:http";
import net from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeAnswer, encodeRequest } from "../../../src/protocol/index.js";
import type { BodyFormat } from "../../../src/protocol/index.js";
import { ask, expectProblem, readReply, serve, until } from "./harness.js";

const insert = "/v1/collections/docs/insert";
const search = "/v1/collections/docs/search";
const types = { json: "application/json", msgpack: "application/msgpack" } as const;
const formats = ["json", "msgpack"] as const;
const mebi = 1024 * 1024;

function send(base: string, path: string, body: object, format: BodyFormat, accept = format) {
  return ask(base, path, {
    body: encodeRequest(format, body),
    headers: { "content-type": types[format], accept: types[accept] },
  });
}

/** A JSON request of about `bytes` that is refused only after it was read whole. */
function padded(bytes: number): Buffer {
  const body = Buffer.alloc(bytes, " ");
  body.write('{"query_vector":[1]}');
  return body;
}

describe("bodies", () => {
  it.each(formats.flatMap((sent) => formats.map((wanted) => [sent, wanted] as const)))(
    "are taken as %s and answered as %s",
    async (sent, wanted) => {
      const { base } = await serve();
      const vectors = [Float32Array.of(0.1, 2), Float32Array.of(3, -4)];
      const written = await send(base, insert, { vectors, metadata: [{ a: 1 }, {}] }, sent, wanted);
      expect([written.status, written.headers["content-type"]]).toEqual([200, types[wanted]]);
      const found = await send(base, search, { query_vector: vectors[0], top_k: 1 }, sent, wanted);
      const answer = decodeAnswer(wanted, "search", found.body);
      expect(answer.results[0]).toMatchObject({ vector: vectors[0], metadata: { a: 1 } });
    },
  );

  it("are answered in their own format where Accept does not mind", async () => {
    const { base } = await serve();
    await send(base, insert, { vectors: [[1, 2]] }, "json");
    for (const format of formats) {
      for (const accept of [undefined, "*/*", "text/html, */*;q=0.1"]) {
        const reply = await ask(base, search, {
          body: encodeRequest(format, { query_vector: [1, 2] }),
          headers: { "content-type": types[format], ...(accept && { accept }) },
        });
        expect(reply.headers["content-type"]).toBe(types[format]);
      }
    }
  });

  it("in unknown types, encodings and for unknown takers are refused as problems", async () => {
    const { base } = await serve();
    await send(base, insert, { vectors: [[1, 2]] }, "json");
    const body = '{"query_vector":[1,2]}';
    const refused = [
      { "content-type": "text/plain" },
      { "content-type": "application/json; charset=latin1" },
      { "content-type": "application/x-www-form-urlencoded" },
      { accept: "text/html" },
      { accept: "application/json;q=0, application/msgpack;q=0" },
      { "content-encoding": "br" },
      { "content-encoding": "gzip" },
    ];
    for (const headers of refused) {
      expectProblem(await ask(base, search, { body, headers }), 400, "INVALID_ARGUMENT");
    }
    const good = { "content-type": 'Application/JSON; charset="UTF-8"' };
    expect((await ask(base, search, { body, headers: good })).status).toBe(200);
  });

  it("that are malformed are refused, problems being JSON even for msgpack", async () => {
    const { base } = await serve();
    await send(base, insert, { vectors: [[1, 2]] }, "json");
    for (const body of ["{", "[]", "null", '"text"', "\xff\xfe", '{"top_k":1e999}']) {
      expectProblem(await ask(base, search, { body }), 400, "INVALID_ARGUMENT");
    }
    const headers = { "content-type": types.msgpack, accept: types.msgpack };
    for (const bytes of [[0xc1], [0x81], [0xdd, 0xff, 0xff, 0xff, 0xff], [0x90], [0x80, 0x80]]) {
      const reply = await ask(base, search, { body: Uint8Array.from(bytes), headers });
      expectProblem(reply, 400, "INVALID_ARGUMENT");
    }
  });

  it("may be missing where every member has a default", async () => {
    const { base } = await serve();
    await send(base, insert, { vectors: [[1, 2]] }, "json");
    const count = "/v1/collections/docs/count";
    expect((await ask(base, count, { method: "POST" })).json).toEqual({ count: 1 });
    const headers = { "content-type": types.msgpack, accept: types.json };
    expect((await ask(base, count, { method: "POST", headers })).json).toEqual({ count: 1 });
    expectProblem(await ask(base, search, { method: "POST" }), 400, "INVALID_ARGUMENT");
  });

  it("may be gzipped, and may not be broken gzip or grow past the limit", async () => {
    const { base } = await serve({ limits: { bodyBytesMax: mebi } });
    const headers = { "content-encoding": "gzip", "content-type": types.json };
    const sound = gzipSync(JSON.stringify({ vectors: [[1, 2]] }));
    expect((await ask(base, insert, { body: sound, headers })).status).toBe(200);
    for (const body of [sound.subarray(0, 20), randomBytes(100), Buffer.from("{}")]) {
      expectProblem(await ask(base, insert, { body, headers }), 400, "INVALID_ARGUMENT");
    }
    const bomb = gzipSync(Buffer.alloc(64 * mebi));
    expectProblem(await ask(base, insert, { body: bomb, headers }), 413, "TOO_LARGE");
  });

  it("may come in chunks of any size", async () => {
    const { base, server, node } = await serve();
    const text = JSON.stringify({ vectors: [[1, 2]], metadata: [{ text: "x".repeat(50_000) }] });
    let received = 0;
    node.before = ({ body }) => void (received = body.byteLength);
    for (const size of [1, 100, 4096, 65_536, 1e6]) {
      const request = http.request({ port: server.port, path: insert, method: "POST" });
      const reply = new Promise<http.IncomingMessage>((done) => request.once("response", done));
      for (let at = 0; at < text.length; at += size) request.write(text.slice(at, at + size));
      request.end();
      expect((await readReply(await reply)).status).toBe(200);
      expect(received).toBe(text.length);
    }
    expect(base).toBeTruthy();
  });

  it("reach the node in memory of their own, so that it can be moved to another thread", async () => {
    const { base, node } = await serve();
    const seen: boolean[] = [];
    node.before = ({ body }) => void seen.push(body.byteLength === body.buffer.byteLength);
    await ask(base, insert, { body: { vectors: [[1, 2]] } });
    await ask(base, insert, { body: padded(300_000) });
    const chunked = { "transfer-encoding": "chunked" };
    await ask(base, insert, { body: padded(300_000), headers: chunked });
    const gzip = { "content-encoding": "gzip" };
    await ask(base, insert, { body: gzipSync(padded(300_000)), headers: gzip });
    expect(seen).toEqual([true, true, true, true]);
  });

  it("declared too large are refused before they are sent", async () => {
    const { server, node } = await serve();
    node.before = () => expect.fail("a refused body was executed");
    const request = http.request({
      port: server.port,
      path: insert,
      method: "POST",
      headers: { "content-length": 256 * mebi + 1 },
    });
    request.on("error", () => undefined);
    const answered = new Promise<http.IncomingMessage>((done) => request.once("response", done));
    request.flushHeaders();
    const reply = await readReply(await answered);
    expectProblem(reply, 413, "TOO_LARGE");
    expect(reply.headers.connection).toBe("close");
    request.destroy();
  });

  it.each(["declared", "chunked"])(
    "too large (%s) are answered although all is sent",
    async (kind) => {
      const { base } = await serve({ limits: { bodyBytesMax: 4 * mebi } });
      const headers = kind === "chunked" ? { "transfer-encoding": "chunked" } : {};
      const reply = await ask(base, insert, { body: padded(32 * mebi), headers });
      expectProblem(reply, 413, "TOO_LARGE");
    },
  );

  it("of 256 MiB are taken, declared or in chunks", { timeout: 60_000 }, async () => {
    const { server, node } = await serve();
    let received = 0;
    // Only the way in is measured: nothing is decoded.
    node.before = ({ body }) => {
      received = body.byteLength;
      throw new Error("enough");
    };
    for (const chunked of [false, true]) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      const request = http.request({
        port: server.port,
        path: insert,
        method: "POST",
        headers: chunked ? {} : { "content-length": 256 * mebi },
      });
      const answered = new Promise<http.IncomingMessage>((done) => request.once("response", done));
      const piece = Buffer.alloc(mebi, 32);
      delay.enable();
      for (let sent = 0; sent < 256; sent++) {
        if (!request.write(piece)) await new Promise((done) => request.once("drain", done));
      }
      request.end();
      expect((await readReply(await answered)).status).toBe(500);
      delay.disable();
      expect(received).toBe(256 * mebi);
      // Only told: on a busy machine the figure is the machine's. body-collector.test.ts decides.
      const maxMs = (delay.max / 1e6).toFixed(1);
      console.log(`256 MiB, ${chunked ? "chunked" : "declared"}: longest delay ${maxMs} ms`);
    }
  });

  it("cut off in the middle are never executed, and leave nothing held", async () => {
    const { server, node, observations, base } = await serve({
      limits: { heldBytesMax: 4 * mebi },
    });
    node.before = () => expect.fail("half a request was executed");
    for (const head of ["content-length: 3000000", "transfer-encoding: chunked"]) {
      for (let time = 0; time < 5; time++) {
        const before = observations.length;
        const socket = net.connect(server.port, "127.0.0.1");
        const chunk = head.startsWith("transfer") ? 'f4240\r\n{"vectors":[[1' : '{"vectors":[[1';
        const start = `POST ${insert} HTTP/1.1\r\nhost: localhost\r\n${head}\r\n\r\n${chunk}`;
        socket.write(start, () => socket.destroy());
        await until(() => observations.length > before);
        expect(observations.at(-1)!.status).toBe(499);
      }
    }
    node.before = () => undefined;
    // Were anything of the ten still held, this would not fit.
    expect((await ask(base, insert, { body: padded(3 * mebi) })).status).toBe(400);
  });
});
