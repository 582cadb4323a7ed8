/** A listening server over a plain node, and ways to speak to it, down to bare bytes. */
import http from "node:http";
import net from "node:net";
import { expect, onTestFinished } from "vitest";
import { seededRandom, systemClock, systemRandom } from "../../../src/base/index.js";
import type { DvespError } from "../../../src/base/index.js";
import { compileFilter, parseFilter } from "../../../src/filters/index.js";
import { createHttpServer } from "../../../src/http/index.js";
import type { HttpServer, HttpServerOptions, Observation } from "../../../src/http/index.js";
import { plainNode } from "../../support/plain-node.js";
import type { PlainNode } from "../../support/plain-node.js";

export interface Harness {
  readonly node: PlainNode;
  readonly server: HttpServer;
  readonly base: string;
  readonly observations: Observation[];
  readonly errors: { readonly error: DvespError; readonly requestId: string }[];
}

export function newNode(): PlainNode {
  return plainNode({
    clock: systemClock,
    random: seededRandom(7),
    predicateOf: (filter) => compileFilter(parseFilter(filter)),
  });
}

/** Listens on a free port until the test ends. */
export async function serve(options: Partial<HttpServerOptions> = {}): Promise<Harness> {
  const node = newNode();
  const observations: Observation[] = [];
  const errors: Harness["errors"] = [];
  const server = await createHttpServer({
    service: node,
    port: 0,
    clock: systemClock,
    random: systemRandom,
    observe: (one) => observations.push(one),
    onError: (error, requestId) => errors.push({ error, requestId }),
    ...options,
  });
  onTestFinished(() => server.close());
  return { node, server, base: `http://${server.address}`, observations, errors };
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly json: Record<string, unknown>;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | object;
  readonly agent?: http.Agent;
}

/** One request; an object as body is sent as JSON. */
export function ask(base: string, path: string, asked: Asked = {}): Promise<Reply> {
  const { hostname, port } = new URL(base);
  const isRaw = typeof asked.body === "string" || asked.body instanceof Uint8Array;
  const body = isRaw ? asked.body : JSON.stringify(asked.body);
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: hostname.replace(/^\[|\]$/g, ""),
      port,
      path,
      method: asked.method ?? (asked.body === undefined ? "GET" : "POST"),
      headers: {
        ...(isRaw || asked.body === undefined ? {} : { "content-type": "application/json" }),
        ...asked.headers,
      },
      agent: asked.agent ?? new http.Agent(),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      readReply(response).then(resolve, reject);
    });
    request.end(body);
  });
}

export async function readReply(response: http.IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const isJson = /json/.test(response.headers["content-type"] ?? "");
  const json = (isJson && body.length > 0 ? JSON.parse(body.toString()) : {}) as Reply["json"];
  return { status: response.statusCode!, headers: response.headers, body, json };
}

/** Sends bytes on a connection of their own; resolves with all that came back before its end. */
export function sendBytes(base: string, bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}

/** Expects a whole problem document, under the id that its header has. */
export function expectProblem(reply: Reply, status: number, code: string): void {
  expect({ status: reply.status, ...reply.json }).toMatchObject({ status, code });
  expect(reply.headers["content-type"]).toBe("application/problem+json");
  expect(reply.json["type"]).toEqual(expect.stringMatching(/^urn:dvesp:error:/));
  expect(reply.json["title"]).toEqual(expect.any(String));
  expect(reply.json["request_id"]).toBe(reply.headers["x-request-id"]);
}

/** Resolves when `condition` holds; looks after every turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
