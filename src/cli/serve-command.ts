/** The options of `dvesp serve`. */
import type { Command } from "commander";
import { withConfig } from "./config-file.js";
import { dataOption, option, positive, whole } from "./option.js";
import type { ServeCommandOptions } from "./serve.js";

export function addServe(command: Command): void {
  const serve = command
    .command("serve")
    .description("serve a node over REST, or several under one parent process");
  for (const one of [...listenOptions(), ...threadOptions(), ...clusterOptions()]) {
    serve.addOption(one);
  }
  serve
    .addOption(option("--log-level <level>", "pino level", "LOG_LEVEL").default("info"))
    .addOption(option("--config <file>", "JSON file with any of these options", "CONFIG"))
    .action((_, self: Command) => start(withConfig(self) as unknown as ServeCommandOptions));
}

async function start(options: ServeCommandOptions): Promise<void> {
  if (options.nodes !== undefined) {
    const { serveNodes } = await import("./serve-nodes.js");
    return serveNodes(options, options.nodes);
  }
  const { serveUnderParent, serveUntilSignal } = await import("./serve.js");
  return options.nodeId === undefined ? serveUntilSignal(options) : serveUnderParent(options);
}

function listenOptions() {
  return [
    option("--host <host>", "address to listen on", "HOST").default("127.0.0.1"),
    option("--port <port>", "port to listen on; with --nodes, the first one", "PORT")
      .default(7000)
      .argParser(whole),
    dataOption(),
    option("--api-key <key>", "key that requests must carry", "API_KEY"),
  ];
}

function threadOptions() {
  return [
    option(
      "--threads <count>",
      "search threads of a node; default: its cores",
      "THREADS",
    ).argParser(whole),
    option(
      "--build-threads <count>",
      "threads of a node that build indexes; default: half its cores",
      "BUILD_THREADS",
    ).argParser(positive),
    option(
      "--split-rows <count>",
      "a shard with more rows is split; default: 10,000,000",
      "SPLIT_ROWS",
    ).argParser(positive),
  ];
}

function clusterOptions() {
  return [
    option("--nodes <count>", "node processes on this host, under this one", "NODES").argParser(
      positive,
    ),
    option("--node-id <id>", "id of a node under a parent; the parent sets it", "NODE_ID"),
    option("--listen <address>", "where it listens for other nodes", "LISTEN"),
    option(
      "--advertise <address>",
      "where other nodes reach it, when that is elsewhere",
      "ADVERTISE",
    ),
    option("--parent <address>", "where it reaches its parent", "PARENT"),
    option("--secret-file <file>", "what all nodes of the cluster know", "SECRET_FILE"),
  ];
}
