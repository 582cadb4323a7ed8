/**
 * `dvesp serve --nodes N`: a process per node under this one, until a signal asks all to stop. The
 * nodes are ordinary `dvesp serve --node-id …` and get their options on the command line, but for what
 * others must not read.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import {
  DvespError,
  SystemDisk,
  SystemNetwork,
  invalid,
  systemClock,
  systemRandom,
} from "../base/index.js";
import { logEvent, makeLog } from "../node/index.js";
import type { Log } from "../node/index.js";
import { Parent, keepSecret, launchProcess, socketDirectory } from "../processes/index.js";
import type { NodePlan, NodeStatus, OutputStream, ProcessCommand } from "../processes/index.js";
import { systemStorage } from "../storage/index.js";
import { holdsOneNode } from "./data-layout.js";
import { firstSignal } from "./first-signal.js";
import type { ServeCommandOptions } from "./serve.js";

const bin = fileURLToPath(new URL("../../bin/dvesp", import.meta.url));

/** Resolves when all nodes have stopped in good order. Errors: why no node can serve. */
export async function serveNodes(options: ServeCommandOptions, count: number): Promise<void> {
  const signalled = firstSignal();
  const log = makeLog(options.logLevel);
  const { data } = options;
  await requireCluster(data);
  const lock = systemStorage.lock(data, systemClock);
  try {
    const parent = await startParent(options, count, log);
    const settled = parent.settled().then((nodes) => report(nodes, log));
    try {
      const signal = await Promise.race([signalled, settled.then(() => signalled)]);
      log.info({ signal }, "stopping");
    } finally {
      await parent.close();
    }
    log.info("stopped");
  } finally {
    lock.release();
  }
}

async function startParent(options: ServeCommandOptions, count: number, log: Log): Promise<Parent> {
  const { data, host, port } = options;
  const secretFile = join(data, "cluster", "secret");
  return Parent.start({
    data,
    host,
    port,
    nodes: count,
    sockets: await socketDirectory(data),
    secret: await keepSecret(secretFile, systemRandom),
    command: (plan, { address }) => nodeCommand(options, count, plan, address, secretFile),
    launch: launchProcess,
    disk: new SystemDisk(),
    network: new SystemNetwork(),
    clock: systemClock,
    random: systemRandom,
    onEvent: (event) => logEvent(log, event),
    onLine: passOn,
  });
}

/** The cluster's directory. Errors: `INVALID_ARGUMENT` for the data of a node that is alone. */
async function requireCluster(data: string): Promise<void> {
  const disk = new SystemDisk();
  if (await holdsOneNode(disk, data)) {
    throw invalid(`${data} holds the data of one node: serve it without --nodes`, "data");
  }
  await disk.makeDirectory(join(data, "cluster"));
}

/**
 * Says where the nodes are that serve. Errors: `INVALID_ARGUMENT` when a node's options are wrong (a
 * port in use), and when none can run.
 */
function report(nodes: readonly NodeStatus[], log: Log): void {
  const failures = nodes.flatMap((one) => (one.state === "failed" ? one.failure : []));
  const wrong = failures.find(({ why }) => why === "configuration");
  const fatal = wrong ?? (failures.length === nodes.length ? failures[0] : undefined);
  if (fatal) throw new DvespError("INVALID_ARGUMENT", `${fatal.node}: ${fatal.message}`);
  const addresses = nodes.flatMap((one) =>
    one.state === "serving" ? { node: one.node, address: one.member.client_address } : [],
  );
  log.info({ nodes: addresses }, "serving");
}

/** Logs of a node are JSON lines that carry its id; whatever else it says gets it in front. */
function passOn(node: string, stream: OutputStream, line: string): void {
  if (stream === "stdout" && line.startsWith("{")) process.stdout.write(`${line}\n`);
  else process.stderr.write(`[${node}] ${line}\n`);
}

function nodeCommand(
  options: ServeCommandOptions,
  count: number,
  plan: NodePlan,
  parent: string,
  secretFile: string,
): ProcessCommand {
  const { apiKey, logLevel, splitRows } = options;
  const cores = Math.max(1, Math.floor(availableParallelism() / count));
  const { threads = cores, buildThreads = cores } = options;
  const given: Readonly<Record<string, string | number>> = {
    "node-id": plan.node,
    listen: plan.listen,
    parent,
    "secret-file": secretFile,
    data: plan.directory,
    host: plan.host,
    port: plan.port,
    threads,
    "build-threads": buildThreads,
    "log-level": logLevel,
    ...(splitRows !== undefined && { "split-rows": splitRows }),
  };
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return {
    file: process.execPath,
    args: [`--v8-pool-size=${Math.min(4, cores)}`, ...process.execArgv, bin, "serve", ...args],
    env: { ...withoutOptions(process.env), DVESP_API_KEY: apiKey },
  };
}

/** What the parent was told by its environment is said to its nodes as it is for them. */
function withoutOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !name.startsWith("DVESP_") || name === "DVESP_TEST_HOOKS",
  );
  return Object.fromEntries(kept);
}
