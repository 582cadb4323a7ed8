/** The REST API of a store that was opened in this process, within an Express app of the user's own. */
import { createHttpApp } from "../http/index.js";
import type { HttpApp } from "../http/index.js";
import { checkExpressOptions } from "../protocol/index.js";
import type { Node } from "./node.js";
import { nodeService } from "./node-service.js";
import { observeNode } from "./observe-node.js";

export interface ExpressOptions {
  /** When set, every route but health and the dashboard page wants it. */
  readonly api_key?: string;
  /** Host names that a browser may reach the app under; any, when absent. */
  readonly allowed_hosts?: readonly string[];
}

export function mountedApp(node: Node, options: ExpressOptions): HttpApp {
  checkExpressOptions(options);
  const metrics = observeNode(node);
  const { clock, random } = node.system;
  return createHttpApp({
    ...{ ...options, clock, random },
    service: nodeService({ node, metrics, address: () => "" }),
    observe: (observation) => metrics.observeRequest(observation),
  });
}
