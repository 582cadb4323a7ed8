/**
 * The listening server: plain `node:http`, with the fast lane first and the Express app behind it.
 *
 * By default it listens on 127.0.0.1 and then takes only loopback host names (see access.ts). There
 * is no CORS: pages of other origins can neither read answers nor send what needs a preflight.
 */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { Express } from "express";
import { DvespError } from "../base/index.js";
import { isLoopback, loopbackHosts } from "./access.js";
import { ApiContext } from "./api-context.js";
import { answerBrokenRequest } from "./broken-request.js";
import { refusingEndpoint } from "./endpoints.js";
import { Exchange } from "./exchange.js";
import { expressAppOf } from "./express-app.js";
import { fastLane } from "./fast-lane.js";
import type { HttpOptions } from "./options.js";

export interface HttpServerOptions extends HttpOptions {
  /** Address to listen on; default 127.0.0.1. `0.0.0.0` or `::` for all, then set an api key. */
  readonly host?: string | undefined;
  /** 0: any free one. */
  readonly port: number;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** `HOST:PORT`, as clients take it. */
  readonly address: string;
  /**
   * Stops accepting, says goodbye to event streams, and waits for requests under way, up to
   * `drainMs`; then cuts what is left. A second call waits for the first.
   */
  close(): Promise<void>;
}

/** Resolves once it listens. Errors: `INVALID_ARGUMENT` when the address cannot be had. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const host = options.host ?? "127.0.0.1";
  const context = new ApiContext({ ...options, allowed_hosts: allowedHosts(options, host) });
  const server = serverOf(context);
  await listen(server, host, options.port);
  const { port } = server.address() as { port: number };
  let closed: Promise<void> | undefined;
  return {
    host,
    port,
    address: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () => (closed ??= closeServer(server, context)),
  };
}

function allowedHosts(options: HttpServerOptions, host: string): readonly string[] | undefined {
  if (options.allowed_hosts !== undefined) return options.allowed_hosts;
  return options.api_key === undefined && isLoopback(host) ? [...loopbackHosts, host] : undefined;
}

function serverOf(context: ApiContext): Server {
  const lane = fastLane(context);
  let app: Express | undefined;
  const { limits } = context;
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
    noDelay: true,
    // Node would refuse without a problem document; nothing of ours needs the header.
    requireHostHeader: false,
  });
  server.on("request", (request, response) => {
    if (lane(request, response)) return;
    app ??= expressAppOf(context);
    app(request, response);
  });
  server.on("checkExpectation", (request, response) => {
    const endpoint = refusingEndpoint("the only expectation that can be met is 100-continue");
    void new Exchange(context, endpoint, { request, response }).run();
  });
  server.on("clientError", (error, socket) => answerBrokenRequest(context, error, socket));
  return server;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new DvespError("INVALID_ARGUMENT", message, { cause }));
    });
    server.listen({ host, port, backlog: 1024 }, resolve);
  });
}

async function closeServer(server: Server, context: ApiContext): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  context.closing = true;
  context.events.close();
  await new Promise<void>((resolve) => {
    const timer = context.clock.after(context.limits.drainMs, resolve);
    void context.idle().then(() => {
      timer.cancel();
      resolve();
    });
  });
  // Idle ones, those that never asked anything, and those that take too long.
  server.closeAllConnections();
  await closed;
}
