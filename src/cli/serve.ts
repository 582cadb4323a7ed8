/** `dvesp serve`: a node over REST, until a signal asks it to stop. */
import { SystemDisk, invalid, isDvespError, systemClock } from "../base/index.js";
import { serve } from "../node/index.js";
import type { ServeOptions, ServedNode } from "../node/index.js";
import { exitCodeOf, parentNode, readSecret } from "../processes/index.js";
import { endedWithin } from "../runtime/index.js";
import { holdsCluster } from "./data-layout.js";
import { anySignal, firstSignal, parentEnd } from "./first-signal.js";

export interface ServeCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly apiKey?: string;
  readonly threads?: number;
  readonly buildThreads?: number;
  readonly splitRows?: number;
  readonly logLevel: string;
  /** Node processes under this one. */
  readonly nodes?: number;
  /** For one of the nodes under a parent. */
  readonly nodeId?: string;
  readonly listen?: string;
  readonly advertise?: string;
  readonly parent?: string;
  readonly secretFile?: string;
}

/** A node whose parent has ended has nobody else who loses patience with it. */
const stopMsMax = 60_000;

/**
 * Resolves when the node has stopped in good order after SIGTERM or SIGINT: no new requests, those
 * under way answered, everything on disk. A second signal ends the process at once.
 */
export async function serveUntilSignal(options: ServeCommandOptions): Promise<void> {
  const signalled = firstSignal();
  if (await holdsCluster(new SystemDisk(), options.data)) {
    throw invalid(`${options.data} holds the data of several nodes: serve it with --nodes`, "data");
  }
  await stopAt(signalled, await serve(await serveOptions(options)), options.data);
}

/**
 * As `serveUntilSignal`, for one of the nodes under a parent: it stops as well when that ends, and its
 * exit code says whether another start is worth trying. Its start waits for the parent as long as it takes, so one
 * that is not over by then is broken off: nobody was promised anything yet, and what is on disk stands a crash.
 */
export async function serveUnderParent(options: ServeCommandOptions): Promise<void> {
  const ended = Promise.race([anySignal(), parentEnd()]);
  try {
    const starting = serve(await serveOptions(options));
    const node = await Promise.race([starting, ended.then(() => undefined)]);
    if (!node) process.exit();
    const stopped = stopAt(ended, node, options.data);
    await ended;
    if (!(await endedWithin(systemClock, stopMsMax, stopped))) process.exit(1);
  } catch (error) {
    process.exitCode = exitCodeOf(isDvespError(error) ? error.code : "INTERNAL");
    throw error;
  }
}

async function stopAt(ended: Promise<string>, node: ServedNode, data: string): Promise<void> {
  node.log.info({ address: node.address, data }, "serving");
  node.log.info({ signal: await ended }, "stopping");
  await node.close();
  node.log.info("stopped");
}

async function serveOptions(options: ServeCommandOptions): Promise<ServeOptions> {
  const { host, port, data, apiKey, threads, buildThreads, splitRows, logLevel } = options;
  const cluster = await clusterOptions(options);
  return {
    host,
    port,
    path: data,
    log_level: logLevel,
    ...(apiKey !== undefined && { api_key: apiKey }),
    ...(threads !== undefined && { threads }),
    ...(buildThreads !== undefined && { build_threads: buildThreads }),
    ...(splitRows !== undefined && { split_rows: splitRows }),
    ...(cluster && { cluster }),
    test_hooks: process.env["DVESP_TEST_HOOKS"] === "1",
  };
}

/** Errors: `INVALID_ARGUMENT` when one of the options is missing that belong together. */
async function clusterOptions(options: ServeCommandOptions): Promise<ServeOptions["cluster"]> {
  const { nodeId, listen, advertise, parent, secretFile } = options;
  if (nodeId === undefined) return undefined;
  if (listen === undefined || parent === undefined || secretFile === undefined) {
    throw invalid("--node-id needs --listen, --parent and --secret-file");
  }
  const secret = await readSecret(secretFile);
  if (secret === undefined) throw invalid(`there is no secret in ${secretFile}`, "secret-file");
  const store = { node: parentNode, address: parent };
  return { node: nodeId, listen, secret, store, ...(advertise !== undefined && { advertise }) };
}
