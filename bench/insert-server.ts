/** A node over REST in a process of its own: `node insert-server.js DIRECTORY`, which tells its address. */
import { serve } from "dvesp";

const node = await serve({ path: process.argv[2] as string, port: 0, log_level: "error" });
process.send?.(node.address);
process.once("message", () => void node.close().then(() => process.exit(0)));
