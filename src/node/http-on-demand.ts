/** What users import beside `open`, which needs nothing of what these load: HTTP, metrics, logs. */
import type { HttpApp } from "../http/index.js";
import type { ExpressOptions } from "./mounted-app.js";
import { nodeOf } from "./open.js";
import type { OpenStore } from "./open.js";
import type { ServeOptions, ServedNode } from "./serve.js";

/** Errors: those of opening a data directory, and `INVALID_ARGUMENT` for an address in use. */
export async function serve(options: ServeOptions): Promise<ServedNode> {
  const { serveNode } = await import("./serve.js");
  return serveNode(options);
}

/**
 * The REST API of `store` as an Express app, to be mounted in an app of the user's own, before any body
 * parser: `app.use("/vectors", await createExpressApp(store))`. It lives as long as the store does. Errors:
 * `INVALID_ARGUMENT` for a store that `open` did not make.
 */
export async function createExpressApp(
  store: OpenStore,
  options: ExpressOptions = {},
): Promise<HttpApp> {
  const { mountedApp } = await import("./mounted-app.js");
  return mountedApp(nodeOf(store), options);
}
