/** One node over REST: composition of node, HTTP server, metrics and log. */
import { createHttpServer } from "../http/index.js";
import type { HttpServer } from "../http/index.js";
import { checkServeOptions } from "../protocol/index.js";
import { logEvent, makeLog } from "./log.js";
import type { Log } from "./log.js";
import type { NodeMetrics } from "./metrics.js";
import { Node } from "./node.js";
import type { NodeOptions } from "./node-options.js";
import { nodeService } from "./node-service.js";
import { observeNode } from "./observe-node.js";

export interface ServeOptions extends NodeOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 7000; 0 for any free one. */
  readonly port?: number;
  readonly api_key?: string;
  /** One of pino's levels; default `info`. */
  readonly log_level?: string;
}

export interface ServedNode {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly node: Node;
  readonly log: Log;
  /** Answers what is under way, then stops the node; everything acknowledged is on disk. */
  close(): Promise<void>;
}

const portDefault = 7000;

/** Errors: those of opening a data directory, and `INVALID_ARGUMENT` for an address in use. */
export async function serveNode(options: ServeOptions): Promise<ServedNode> {
  checkServeOptions(options);
  const labels = options.cluster && { node: options.cluster.node };
  const log = makeLog(options.log_level ?? "info", labels);
  const node = await Node.open(options);
  const metrics = observeNode(node);
  node.events.listen((event) => logEvent(log, event));
  let server: HttpServer | undefined;
  const close = async (): Promise<void> => {
    await server?.close();
    await node.close();
  };
  try {
    server = await listen(options, { node, metrics, log }, () => server?.address ?? "");
    await node.standing.announce(server.address, process.pid);
    return { address: server.address, node, log, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Served {
  readonly node: Node;
  readonly metrics: NodeMetrics;
  readonly log: Log;
}

function listen(
  { host, port = portDefault, api_key }: ServeOptions,
  { node, metrics, log }: Served,
  address: () => string,
): Promise<HttpServer> {
  return createHttpServer({
    service: nodeService({ node, metrics, address }),
    host,
    port,
    api_key,
    clock: node.system.clock,
    random: node.system.random,
    observe: (observation) => metrics.observeRequest(observation),
    onError: (error, request_id) => log.error({ err: error, request_id }, "internal error"),
  });
}
