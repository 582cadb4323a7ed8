import http from "node:http";
import net from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/base/index.js";
import { connect } from "../../../src/client/index.js";
import { httpTransport } from "../../../src/client/http-transport.js";
import { serve, until } from "../http/harness.js";

const request = { method: "POST", path: "/x", headers: {}, body: Uint8Array.of(1, 2, 3) };

/** A server that does with each connection what `onSocket` does. */
async function rawServer(onSocket: (socket: net.Socket) => void): Promise<URL> {
  const server = net.createServer((socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
}

function transport() {
  const made = httpTransport(systemClock);
  onTestFinished(() => made.close());
  return made;
}

describe("the transport", () => {
  it("knows what was never sent, what was lost, and what took too long", async () => {
    const closed = await rawServer(() => undefined);
    const resets = await rawServer((socket) => socket.once("data", () => socket.destroy()));
    const half = await rawServer((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")),
    );
    const silent = await rawServer(() => undefined);
    const nobody = new URL(closed);
    nobody.port = "1";
    const end = (node: URL, ms = 5000) => transport().send(node, request, ms).attempt;
    expect(await end(nobody)).toMatchObject({ outcome: "unsent" });
    expect(await end(new URL("http://does-not-exist.invalid"))).toMatchObject({
      outcome: "unsent",
    });
    expect(await end(resets)).toMatchObject({ outcome: "lost" });
    expect(await end(half)).toMatchObject({ outcome: "lost" });
    expect(await end(silent, 50)).toEqual({ outcome: "timeout" });
  });

  it("gives up when told to, and when it is closed", async () => {
    const silent = await rawServer(() => undefined);
    const one = transport().send(silent, request, 60_000);
    one.cancel();
    expect(await one.attempt).toMatchObject({ outcome: "lost" });
    const all = httpTransport(systemClock);
    const two = all.send(silent, request, 60_000);
    all.close();
    expect(await two.attempt).toMatchObject({ outcome: "lost" });
  });

  it("keeps connections open between requests", async () => {
    const { server, observations } = await serve();
    let connections = 0;
    const proxy = await rawServer((socket) => {
      connections++;
      const onward = net.connect(server.port, "127.0.0.1");
      onward.on("error", () => undefined);
      socket.pipe(onward).pipe(socket);
    });
    const store = connect({ nodes: [proxy.host] });
    onTestFinished(() => store.close());
    for (let call = 0; call < 10; call++) await store.list_collections();
    expect([connections, observations.length]).toEqual([1, 10]);
  });
});

describe("a client of several servers", () => {
  it("goes on while nodes come and go, losing and doubling nothing", async () => {
    const shared = await serve();
    const second = await serve({ service: shared.node });
    const third = await serve({ service: shared.node });
    const store = connect({ nodes: [shared, second, third].map((one) => one.server.address) });
    onTestFinished(() => store.close());
    const insert = (row: number) =>
      store.insert({ collection: "docs", vectors: [[1, row]], metadata: [{ row }] });
    await insert(0);
    const writes = Array.from({ length: 200 }, (_, row) => insert(row + 1));
    await Promise.all([second.server.close(), third.server.close(), ...writes]);
    await Promise.all(Array.from({ length: 100 }, (_, row) => insert(row + 201)));
    expect(await store.count({ collection: "docs" })).toEqual({ count: 301 });
  });

  it("is answered through a node that cuts every connection after the request", async () => {
    const { node, server } = await serve();
    let cuts = 0;
    // Passes requests on and swallows the first answers: the write happened, its answer is lost.
    const lossy = await rawServer((socket) => {
      const onward = net.connect(server.port, "127.0.0.1");
      onward.on("error", () => undefined);
      socket.pipe(onward);
      onward.on("data", (chunk: Buffer) => {
        if (cuts++ < 3) socket.destroy();
        else socket.write(chunk);
      });
    });
    const store = connect({ nodes: [lossy.host] });
    onTestFinished(() => store.close());
    await store.insert({ collection: "docs", vectors: [[1, 2]] });
    expect(cuts).toBeGreaterThan(3);
    expect(await node.store.count({ collection: "docs" })).toEqual({ count: 1 });
  });

  it("finds the other node when one stands still", async () => {
    const { server } = await serve();
    const frozen = http.createServer(() => undefined);
    await new Promise<void>((resolve) => frozen.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void frozen.close());
    onTestFinished(() => frozen.closeAllConnections());
    const { port } = frozen.address() as net.AddressInfo;
    const nodes = [`127.0.0.1:${port}`, server.address];
    const store = connect({ nodes, hedge_after_ms: 20 });
    onTestFinished(() => store.close());
    for (let call = 0; call < 4; call++) expect(await store.list_collections()).toEqual([]);
    let closed = false;
    void store.close().then(() => (closed = true));
    await until(() => closed);
    await expect(store.list_collections()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
