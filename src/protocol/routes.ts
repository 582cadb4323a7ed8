/**
 * The REST surface as data: the HTTP server, the client and the OpenAPI document all read this one
 * table. Parameters stand in braces.
 */
import type { RowOperation } from "./vector-store.js";

export type CollectionOperation =
  "create_collection" | "list_collections" | "describe_collection" | "drop_collection";

/** Operations on the nodes of a cluster. */
export type ClusterOperation = "describe_cluster" | "add_node" | "drain_node";

/** Operations of a node as such, and reading one vector by its address. */
export type NodeOperation =
  "get_vector" | "events" | "health" | "ready" | "metrics" | "openapi" | "dashboard";

export type Operation = RowOperation | CollectionOperation | ClusterOperation | NodeOperation;

export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** With `{collection}` and `{id}` as parameters, each one whole path segment. */
  readonly path: string;
}

const collection = "/v1/collections/{collection}";

/** One route per operation, exhaustive over `Operation`. */
export const routes: Readonly<Record<Operation, Route>> = {
  create_collection: { method: "PUT", path: collection },
  list_collections: { method: "GET", path: "/v1/collections" },
  describe_collection: { method: "GET", path: collection },
  drop_collection: { method: "DELETE", path: collection },
  insert: { method: "POST", path: `${collection}/insert` },
  search: { method: "POST", path: `${collection}/search` },
  search_batch: { method: "POST", path: `${collection}/search/batch` },
  update: { method: "POST", path: `${collection}/update` },
  delete: { method: "POST", path: `${collection}/delete` },
  get: { method: "POST", path: `${collection}/get` },
  scroll: { method: "POST", path: `${collection}/scroll` },
  count: { method: "POST", path: `${collection}/count` },
  get_vector: { method: "GET", path: `${collection}/vectors/{id}` },
  describe_cluster: { method: "GET", path: "/v1/cluster" },
  add_node: { method: "POST", path: "/v1/cluster/nodes" },
  drain_node: { method: "POST", path: "/v1/cluster/nodes/{node}/drain" },
  events: { method: "GET", path: "/v1/events" },
  health: { method: "GET", path: "/healthz" },
  ready: { method: "GET", path: "/readyz" },
  metrics: { method: "GET", path: "/metrics" },
  openapi: { method: "GET", path: "/openapi.json" },
  dashboard: { method: "GET", path: "/" },
};

/** The path of `operation` with its parameters filled in and percent-encoded. */
export function routePath(
  operation: Operation,
  parameters: Readonly<Record<string, string>> = {},
): string {
  return routes[operation].path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parameters[name] ?? ""),
  );
}
