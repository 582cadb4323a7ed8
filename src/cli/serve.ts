/** `dvesp serve`: a node over REST, until a signal asks it to stop. */
import { serve } from "../node/index.js";
import type { ServeOptions } from "../node/index.js";

export interface ServeCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly apiKey?: string;
  readonly threads?: number;
  readonly buildThreads?: number;
  readonly logLevel: string;
}

/**
 * Resolves when the node has stopped in good order after SIGTERM or SIGINT: no new requests, those
 * under way answered, everything on disk. A second signal ends the process at once.
 */
export async function serveUntilSignal(options: ServeCommandOptions): Promise<void> {
  const signalled = firstSignal();
  const node = await serve(serveOptions(options));
  node.log.info({ address: node.address, data: options.data }, "serving");
  const signal = await signalled;
  node.log.info({ signal }, "stopping");
  await node.close();
  node.log.info("stopped");
}

function serveOptions(options: ServeCommandOptions): ServeOptions {
  const { host, port, data, apiKey, threads, buildThreads, logLevel } = options;
  return {
    host,
    port,
    path: data,
    log_level: logLevel,
    ...(apiKey !== undefined && { api_key: apiKey }),
    ...(threads !== undefined && { threads }),
    ...(buildThreads !== undefined && { build_threads: buildThreads }),
    test_hooks: process.env["DVESP_TEST_HOOKS"] === "1",
  };
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(1));
      });
    }
  });
}
