import http from "node:http";
import net from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import type { StoreEvent } from "../../../src/protocol/index.js";
import { ask, expectProblem, serve, until } from "./harness.js";

/** Follows the events: `events` and `comments` grow as they come. */
async function follow(base: string, path = "/v1/events") {
  const request = http.get(base + path);
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
  });
  const followed = {
    response,
    events: [] as StoreEvent[],
    comments: [] as string[],
    ended: false,
    close: () => request.destroy(),
  };
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      if (block.startsWith(":")) followed.comments.push(block);
      else followed.events.push(JSON.parse(block.replace(/^data: /, "")) as StoreEvent);
    }
  });
  for (const stream of [request, response]) stream.on("error", () => undefined);
  response.on("close", () => (followed.ended = true));
  onTestFinished(() => void request.destroy());
  return followed;
}

const event = (type: string, detail: object = {}): StoreEvent => ({ type, time_ms: 1, ...detail });

describe("events", () => {
  it("come to every client as they happen", async () => {
    const { base, node } = await serve();
    const [one, two] = [await follow(base), await follow(base)];
    expect(one.response.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    expect(node.listeners).toBe(1);
    node.emit(event("actor_restarted", { actor: "replica", text: "a\nb\r\n\n" }));
    node.emit(event("index_built"));
    await until(() => one.events.length === 2 && two.events.length === 2);
    expect(one.events).toEqual([
      event("actor_restarted", { actor: "replica", text: "a\nb\r\n\n" }),
      event("index_built"),
    ]);
    expect(two.events).toEqual(one.events);
  });

  it("are filtered by type", async () => {
    const { base, node } = await serve();
    const followed = await follow(base, "/v1/events?type=b,c&type=d");
    for (const type of ["a", "b", "c", "d", "e"]) node.emit(event(type));
    await until(() => followed.events.length === 3);
    expect(followed.events.map((one) => one.type)).toEqual(["b", "c", "d"]);
  });

  it("are listened to only while somebody follows", async () => {
    const { base, node, observations } = await serve();
    const followed = await follow(base);
    followed.close();
    await until(() => node.listeners === 0);
    expect(observations.at(-1)).toMatchObject({ route: "/v1/events", status: 499 });
    const again = await follow(base);
    node.emit(event("after"));
    await until(() => again.events.length === 1);
  });

  it("are not listened to for a client that left before its turn", async () => {
    const { node, server } = await serve();
    let open: () => void = () => undefined;
    node.before = () => new Promise((resolve) => (open = resolve));
    const socket = net.connect(server.port, "127.0.0.1");
    const first =
      "POST /v1/collections/docs/count HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0";
    socket.write(`${first}\r\n\r\nGET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await until(() => node.listeners === 1);
    socket.destroy();
    await until(() => node.listeners === 0);
    open();
  });

  it("are kept alive by comments through silence", async () => {
    const clock = new VirtualClock();
    const { base, node } = await serve({ clock });
    const followed = await follow(base);
    await until(() => node.listeners === 1);
    await clock.advance(14_000);
    expect(followed.comments).not.toContain(": heartbeat");
    await clock.advance(2000);
    await until(() => followed.comments.includes(": heartbeat"));
    await clock.advance(30_000);
    await until(() => followed.comments.length === 4);
    expect(followed.events).toEqual([]);
  });

  it("drop a client that does not read, with a last event, and keep the others", async () => {
    const { base, node, server } = await serve({
      limits: { eventBufferBytesMax: 100_000, lingerMs: 60_000 },
    });
    const quick = await follow(base);
    const slow = net.connect(server.port, "127.0.0.1");
    onTestFinished(() => void slow.destroy());
    slow.pause();
    slow.write("GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await until(() => node.listeners === 1);
    const large = "x".repeat(100_000);
    let sent = 0;
    // Until more than the kernel's buffers is on its way to the slow one.
    for (; sent < 500; sent++) {
      node.emit(event("large", { sent, large }));
      await until(() => quick.events.length > sent);
    }
    let text = "";
    slow.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    slow.resume();
    await until(() => text.includes("stream_dropped"));
    const types = [...text.matchAll(/"type":"(\w+)"/g)].map((match) => match[1]);
    expect(types.at(-1)).toBe("stream_dropped");
    expect(types.length).toBeLessThan(sent);
    // Nothing is missing before the end.
    const numbers = [...text.matchAll(/"sent":(\d+)/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
    node.emit(event("last"));
    await until(() => quick.events.at(-1)?.type === "last");
  });

  it("cut a dropped client that never reads its last event", async () => {
    const clock = new VirtualClock();
    const limits = { eventBufferBytesMax: 1000, lingerMs: 3000 };
    const { node, server, observations } = await serve({ clock, limits });
    const slow = net.connect(server.port, "127.0.0.1");
    onTestFinished(() => void slow.destroy());
    slow.pause();
    slow.write("GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await until(() => node.listeners === 1);
    for (let sent = 0; node.listeners > 0; sent++) {
      node.emit(event("large", { large: "x".repeat(100_000) }));
      await clock.advance(0);
    }
    expect(observations).toEqual([]);
    await clock.advance(4000);
    await until(() => observations.length === 1);
    expect(observations[0]).toMatchObject({ route: "/v1/events", status: 499 });
  });

  it("have so many clients and no more", async () => {
    const { base } = await serve({ limits: { eventClientsMax: 2 } });
    const first = await follow(base);
    await follow(base);
    expectProblem(await ask(base, "/v1/events"), 429, "OVERLOADED");
    first.close();
    let reopened = 429;
    while (reopened === 429) {
      const { response } = await follow(base);
      reopened = response.statusCode!;
    }
    expect(reopened).toBe(200);
  });

  it("say goodbye when the server closes", async () => {
    const { base, server } = await serve();
    const followed = await follow(base);
    await server.close();
    await until(() => followed.ended);
    expect(followed.events.map((one) => one.type)).toEqual(["stream_closing"]);
  });

  it("that cannot be encoded are reported and skipped", async () => {
    const { base, node, errors } = await serve();
    const followed = await follow(base);
    await until(() => node.listeners === 1);
    node.emit(event("bad", { big: 1n }));
    node.emit(event("good"));
    await until(() => followed.events.length === 1);
    expect(followed.events[0]!.type).toBe("good");
    expect(errors).toMatchObject([{ error: { code: "INTERNAL" } }]);
  });
});
