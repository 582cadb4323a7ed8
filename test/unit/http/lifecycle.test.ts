import http from "node:http";
import net from "node:net";
import express from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { seededRandom, systemClock } from "../../../src/base/index.js";
import { createHttpApp, createHttpServer } from "../../../src/http/index.js";
import { ask, expectProblem, newNode, sendBytes, serve, until } from "./harness.js";

const count = "/v1/collections/docs/count";
const insertBody = { vectors: [[1, 0]], metadata: [{ a: 1 }] };

describe("a server", () => {
  it("listens on 127.0.0.1 unless told otherwise, and says where", async () => {
    const { server } = await serve();
    expect(server.host).toBe("127.0.0.1");
    expect(server.address).toBe(`127.0.0.1:${server.port}`);
    const six = await serve({ host: "::1" });
    expect(six.server.address).toBe(`[::1]:${six.server.port}`);
    expect((await ask(six.base, "/healthz", {})).status).toBe(200);
  });

  it("says that it cannot listen where another does", async () => {
    const { server } = await serve();
    await expect(serve({ port: server.port })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("EADDRINUSE") as string,
    });
  });

  it("answers a thousand requests at once, each its own", async () => {
    const { base } = await serve();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 200 });
    onTestFinished(() => agent.destroy());
    const vectors = Array.from({ length: 1000 }, (_, row) => [
      Math.cos(row / 500),
      Math.sin(row / 500),
    ]);
    const metadata = vectors.map((_, row) => ({ row }));
    await ask(base, "/v1/collections/docs/insert", { body: { vectors, metadata } });
    const replies = await Promise.all(
      vectors.map((query_vector, row) =>
        ask(base, "/v1/collections/docs/search", {
          body: { query_vector, top_k: 1 },
          headers: { "x-request-id": `request-${row}` },
          agent,
        }),
      ),
    );
    for (const [row, reply] of replies.entries()) {
      expect(reply.headers["x-request-id"]).toBe(`request-${row}`);
      expect(reply.json).toMatchObject({ results: [{ metadata: { row } }] });
    }
  });

  it("keeps connections open between requests, also refused ones, and answers in order", async () => {
    const { base, server } = await serve();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ports = new Set<number | undefined>();
    agent.on("free", (socket: net.Socket) => ports.add(socket.localPort));
    for (const path of [count, "/healthz", "/nothing", "/v1/collections", count]) {
      await ask(base, path, { method: path === count ? "POST" : "GET", agent });
    }
    expect(ports.size).toBe(1);
    const pipelined = ["/readyz", "/nothing", "/healthz"]
      .map(
        (path, index) =>
          `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${index === 2 ? "connection: close\r\n" : ""}\r\n`,
      )
      .join("");
    const text = await sendBytes(`http://${server.address}`, pipelined);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).toEqual([
      "200",
      "404",
      "200",
    ]);
  });

  it("finishes what is under way when it closes, and takes nothing new", async () => {
    const { base, node, server } = await serve();
    await ask(base, "/v1/collections/docs/insert", { body: insertBody });
    let open: () => void = () => undefined;
    let waiting = false;
    node.before = () => {
      waiting = true;
      return new Promise((resolve) => (open = resolve));
    };
    const idle = net.connect(server.port, "127.0.0.1");
    idle.on("error", () => undefined);
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const under = ask(base, count, { method: "POST", agent });
    await until(() => waiting);
    const closed = server.close();
    expect(server.close()).toBe(closed);
    await expect(ask(base, "/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    open();
    const reply = await under;
    expect([reply.status, reply.headers.connection]).toEqual([200, "close"]);
    await closed;
    await until(() => idle.destroyed || idle.readableEnded || idle.closed);
  });

  it("cuts what does not end within the time for it", async () => {
    const { base, node, server } = await serve({ limits: { drainMs: 50 } });
    let waiting = false;
    node.before = () => {
      waiting = true;
      return new Promise(() => undefined);
    };
    const under = ask(base, count, { method: "POST" });
    const ended = expect(under).rejects.toMatchObject({ code: "ECONNRESET" });
    await until(() => waiting);
    await server.close();
    await ended;
  });

  it("ends requests that trickle in, with a problem", async () => {
    const limits = { headersTimeoutMs: 200, requestTimeoutMs: 400 };
    const { base } = await serve({ limits });
    const head = await sendBytes(base, "GET /healthz HTTP/1.1\r\nhost: local");
    const body = await sendBytes(
      base,
      `POST ${count} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{`,
    );
    for (const text of [head, body]) {
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
      expect(text).toContain("application/problem+json");
      expect(text).toContain("within the time");
    }
  });

  it("goes on when a client leaves before its answer", async () => {
    const { base, node, observations } = await serve();
    await ask(base, "/v1/collections/docs/insert", { body: insertBody });
    let open: () => void = () => undefined;
    let waiting = false;
    node.before = () => {
      waiting = true;
      return new Promise((resolve) => (open = resolve));
    };
    const request = http.request(base + count, { method: "POST" });
    request.on("error", () => undefined);
    request.end();
    await until(() => waiting);
    request.destroy();
    // Once a later connection was answered, the server knows of the end of the earlier one.
    await ask(base, "/healthz");
    open();
    await until(() => observations.some((one) => one.status === 499));
    node.before = () => undefined;
    expect((await ask(base, count, { method: "POST" })).json).toEqual({ count: 1 });
  });

  it("lets go of pipelined requests whose client left, those behind the first too", async () => {
    const { base, node, server, observations } = await serve({ limits: { requestsMax: 20 } });
    await ask(base, "/v1/collections/docs/insert", { body: insertBody });
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    let waiting = 0;
    node.before = () => {
      waiting++;
      return opened;
    };
    const socket = net.connect(server.port, "127.0.0.1");
    const one = `POST ${count} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`;
    socket.write(one.repeat(20));
    await until(() => waiting === 20);
    expectProblem(await ask(base, count, { method: "POST" }), 429, "OVERLOADED");
    socket.destroy();
    await ask(base, "/healthz");
    open();
    await until(() => observations.filter((seen) => seen.status === 499).length === 20);
    expect((await ask(base, count, { method: "POST" })).json).toEqual({ count: 1 });
  });

  it("refuses expectations that it cannot meet, and goes on from 100-continue", async () => {
    const { base } = await serve();
    const odd = { headers: { expect: "a-miracle" }, body: insertBody };
    expectProblem(await ask(base, count, odd), 400, "INVALID_ARGUMENT");
    const usual = { headers: { expect: "100-continue" }, body: insertBody };
    expect((await ask(base, "/v1/collections/docs/insert", usual)).status).toBe(200);
  });
});

describe("the Express app", () => {
  async function mount(prepare: (app: express.Express) => void) {
    const app = express();
    prepare(app);
    const listener = http.createServer(app);
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void listener.close());
    return `http://127.0.0.1:${(listener.address() as net.AddressInfo).port}`;
  }
  const options = () => ({ service: newNode(), clock: systemClock, random: seededRandom(3) });

  it("has the whole API under any path of another app", async () => {
    const api = createHttpApp(options());
    const base = await mount((app) => {
      app.get("/mine", (_, response) => void response.send("mine"));
      app.use("/vectors", api);
    });
    expect(String((await ask(base, "/mine")).body)).toBe("mine");
    const docs = "/vectors/v1/collections/docs";
    const inserted = await ask(base, `${docs}/insert`, { body: insertBody });
    expect(inserted.json).toMatchObject({ status: "success" });
    expect(
      (await ask(base, `${docs}/search`, { body: { query_vector: [1, 0] } })).json,
    ).toMatchObject({
      results: [{ metadata: { a: 1 } }],
    });
    expectProblem(await ask(base, "/vectors/nothing"), 404, "INVALID_ARGUMENT");
    expectProblem(await ask(base, `${docs}/search`, { body: "{" }), 400, "INVALID_ARGUMENT");
    expect((await ask(base, "/vectors/")).headers["content-type"]).toMatch(/html/);
  });

  it("reports that a body parser stands before it, instead of waiting for ever", async () => {
    const errors: string[] = [];
    const onError = (error: Error) => void errors.push(error.message);
    const api = createHttpApp({ ...options(), onError });
    const base = await mount((app) => app.use(express.json(), api));
    expectProblem(await ask(base, count, { body: {} }), 500, "INTERNAL");
    expect(errors[0]).toContain("before body parsers");
  });

  it("is what the server runs beside the fast lane", async () => {
    const server = await createHttpServer({ ...options(), port: 0 });
    onTestFinished(() => server.close());
    const reply = await ask(`http://${server.address}`, "/v1/collections");
    expect(reply.json).toEqual([]);
    expect(reply.headers).not.toHaveProperty("x-powered-by");
  });
});
