/** `dvesp nodes`: which nodes a cluster has, one more, one less. */
import type { Command } from "commander";
import type { NodesChange, NodesOptions } from "./nodes.js";
import { list, option } from "./option.js";

export function addNodes(command: Command): void {
  const nodes = command.command("nodes").description("the nodes of a running cluster");
  withTarget(nodes.command("list").description("list the nodes and their states")).action(
    async (options: NodesOptions) => {
      const { listNodes } = await import("./nodes.js");
      await listNodes(options, process.stdout);
    },
  );
  withTarget(nodes.command("add").description("start one more node process")).action(
    (options: NodesOptions) => change(options, { type: "add" }),
  );
  withTarget(
    nodes
      .command("drain")
      .argument("<id>", "id of the node")
      .description("move everything off a node, then stop it for good"),
  ).action((node: string, options: NodesOptions) => change(options, { type: "drain", node }));
}

async function change(options: NodesOptions, what: NodesChange): Promise<void> {
  const { changeNodes } = await import("./nodes.js");
  await changeNodes(options, what, process.stdout);
}

function withTarget(command: Command): Command {
  return command
    .addOption(
      option("--nodes <list>", "host:port of any nodes, comma-separated", "CLUSTER")
        .default(["127.0.0.1:7000"], "127.0.0.1:7000")
        .argParser(list),
    )
    .addOption(option("--api-key <key>", "key of the nodes", "API_KEY"))
    .addOption(option("--json", "print the answer as JSON", "JSON"));
}
