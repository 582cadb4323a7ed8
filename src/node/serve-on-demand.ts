/** `serve` as users import it, beside `open`, which needs nothing of what it loads: HTTP, metrics, logs. */
import type { ServeOptions, ServedNode } from "./serve.js";

/** Errors: those of opening a data directory, and `INVALID_ARGUMENT` for an address in use. */
export async function serve(options: ServeOptions): Promise<ServedNode> {
  const { serveNode } = await import("./serve.js");
  return serveNode(options);
}
