/**
 * One endpoint per operation of the contract, and those for requests that fit none. Both listeners,
 * the fast lane and Express, take them from here.
 */
import { invalid } from "../base/index.js";
import { routes, rowOperations } from "../protocol/index.js";
import type { Operation, Route, RowOperation } from "../protocol/index.js";
import {
  createCollection,
  describeCollection,
  dropCollection,
  getVector,
  listCollections,
} from "./collection-endpoints.js";
import { streamEvents } from "./event-stream.js";
import type { Endpoint, Exchange } from "./exchange.js";
import {
  addNode,
  dashboard,
  describeCluster,
  drainNode,
  health,
  metrics,
  openApi,
  readiness,
} from "./node-endpoints.js";
import { executeRows } from "./row-endpoints.js";

type Handle = Endpoint["handle"];

const handles: Readonly<Record<Exclude<Operation, RowOperation>, Handle>> = {
  create_collection: createCollection,
  list_collections: listCollections,
  describe_collection: describeCollection,
  drop_collection: dropCollection,
  get_vector: getVector,
  describe_cluster: describeCluster,
  add_node: addNode,
  drain_node: drainNode,
  events: streamEvents,
  health,
  ready: readiness,
  metrics,
  openapi: openApi,
  dashboard,
};

/** Those that need no key: probes carry none, and the page itself holds no data. */
const open: ReadonlySet<Operation> = new Set<Operation>(["health", "ready", "dashboard"]);

/** Answered however much is under way: what an operator needs most then. Events count apart. */
const always: ReadonlySet<Operation> = new Set<Operation>([
  "health",
  "ready",
  "metrics",
  "dashboard",
  "events",
]);

function isRowOperation(operation: Operation): operation is RowOperation {
  return (rowOperations as readonly string[]).includes(operation);
}

export function endpointOf(operation: Operation): Endpoint {
  return {
    route: routes[operation].path,
    open: open.has(operation),
    admitted: !always.has(operation),
    handle: isRowOperation(operation) ? executeRows(operation) : handles[operation],
  };
}

/** Methods of a path that has at least one route; `HEAD` wherever there is `GET`. */
export type AllowedMethods = readonly (Route["method"] | "HEAD" | "OPTIONS")[];

/** Answers `OPTIONS`, and refuses methods that a known path does not have. */
export function otherMethodEndpoint(route: string, allowed: AllowedMethods): Endpoint {
  const allow = allowed.join(", ");
  const handle = (exchange: Exchange): void => {
    const { method } = exchange.request;
    if (method === "OPTIONS") {
      exchange.send(204, { allow });
      return;
    }
    const message = `${String(method)} is not a method of this path: it takes ${allow}`;
    exchange.refuse(invalid(message), { allow }, 405);
  };
  return { route, open: true, admitted: false, handle };
}

export const unknownPathEndpoint: Endpoint = {
  route: "unknown",
  open: true,
  admitted: false,
  handle(exchange) {
    const message = "there is nothing under this path: /openapi.json lists what there is";
    exchange.refuse(invalid(message), {}, 404);
  },
};

/** For a request that could not be understood well enough to be routed. */
export function refusingEndpoint(message: string): Endpoint {
  return {
    route: "unknown",
    open: true,
    admitted: false,
    handle: (exchange) => exchange.refuse(invalid(message)),
  };
}
