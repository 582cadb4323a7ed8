/**
 * The whole API as an Express app, to be mounted in an app of the user's own, before any body parser.
 * Express finds the route; what happens then is the same as in the fast lane. It is loaded with the first
 * app: an embedded store has none, and a server only when a request comes that is not the fast lane's.
 */
import type { RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { default as expressFunction, Express, NextFunction, Request, Response } from "express";
import { invalid, toDvespError } from "../base/index.js";
import { routes } from "../protocol/index.js";
import type { Operation, Route } from "../protocol/index.js";
import { ApiContext } from "./api-context.js";
import { endpointOf, otherMethodEndpoint, unknownPathEndpoint } from "./endpoints.js";
import type { AllowedMethods } from "./endpoints.js";
import { Exchange } from "./exchange.js";
import type { Endpoint } from "./exchange.js";
import type { HttpOptions } from "./options.js";

/** What `app.use` takes, and `http.createServer`. */
export type HttpApp = RequestListener;

export function createHttpApp(options: HttpOptions): HttpApp {
  return expressAppOf(new ApiContext(options));
}

export function expressAppOf(context: ApiContext): Express {
  const express = createRequire(import.meta.url)("express") as typeof expressFunction;
  const app = express();
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  for (const operation of Object.keys(routes) as Operation[]) {
    const { method, path } = routes[operation];
    app[verbs[method]](expressPath(path), handler(context, endpointOf(operation)));
  }
  for (const [path, allowed] of methodsByPath()) {
    app.all(expressPath(path), handler(context, otherMethodEndpoint(path, allowed)));
  }
  app.use(handler(context, unknownPathEndpoint));
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else handler(context, failingEndpoint(error))(request, response);
  });
  return app;
}

const verbs = { GET: "get", PUT: "put", POST: "post", DELETE: "delete" } as const;

/** `{name}` of the route table in Express's spelling, `:name`. */
function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

function handler(context: ApiContext, endpoint: Endpoint) {
  return (request: Request, response: Response): void => {
    // Parameters of single segments are always strings; only wildcards give arrays.
    const parameters = request.params as Record<string, string>;
    void new Exchange(context, endpoint, { request, response }, parameters).run();
  };
}

/** Express itself fails on paths with broken percent encoding; anything else is a bug. */
function failingEndpoint(error: unknown): Endpoint {
  return {
    ...unknownPathEndpoint,
    handle() {
      if (error instanceof URIError) throw invalid("the path is not sound percent-encoding");
      throw toDvespError(error);
    },
  };
}

function methodsByPath(): ReadonlyMap<string, AllowedMethods> {
  const byPath = new Map<string, Set<AllowedMethods[number]>>();
  for (const { method, path } of Object.values<Route>(routes)) {
    const methods = byPath.get(path) ?? new Set(["OPTIONS"]);
    methods.add(method);
    if (method === "GET") methods.add("HEAD");
    byPath.set(path, methods);
  }
  return new Map([...byPath].map(([path, methods]) => [path, [...methods].sort()]));
}
