/**
 * The `dvesp` command. Every option can also be given as `DVESP_…` in the environment. What a command
 * needs is loaded when it runs: a node is most of the program, and few commands start one.
 */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { isDvespError } from "../base/index.js";
import type { ImportOptions } from "./import.js";
import { addNodes } from "./nodes-command.js";
import { byteSize, dataOption, list, option, positive, whole } from "./option.js";
import type { PlanCommandOptions } from "./plan.js";
import { addServe } from "./serve-command.js";

/** Runs the command line in `argv`; sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    process.exitCode ??= 1;
    const text = isDvespError(error) ? `${error.code}: ${error.message}` : String(error);
    process.stderr.write(`dvesp: ${text}\n`);
  }
}

function program(): Command {
  const command = new Command("dvesp").description("A vector store.").version(packageVersion());
  addServe(command);
  addImport(command);
  addVerify(command);
  addPlan(command);
  addNodes(command);
  return command;
}

function addImport(command: Command): void {
  command
    .command("import")
    .argument("<file>", ".fbin, .u8bin or .jsonl")
    .description("insert the rows of a file into a collection")
    .addOption(
      option(
        "--collection <name>",
        "collection to insert into",
        "COLLECTION",
      ).makeOptionMandatory(),
    )
    .addOption(option("--metadata <file>", "JSON lines, one per row of a .fbin", "METADATA"))
    .addOption(
      option("--metric <metric>", "metric of a new collection", "METRIC")
        .choices(["cosine", "l2", "dot_product"])
        .default("cosine"),
    )
    .addOption(
      option("--index <type>", "index of a new collection", "INDEX")
        .choices(["hnsw", "flat", "auto"])
        .default("hnsw"),
    )
    .addOption(
      option("--batch <rows>", "rows of one insert", "BATCH").default(1000).argParser(positive),
    )
    .addOption(option("--nodes <list>", "host:port, comma-separated", "NODES").argParser(list))
    .addOption(option("--api-key <key>", "key of the nodes", "API_KEY"))
    .addOption(option("--data <directory>", "a data directory instead of nodes", "IMPORT_DATA"))
    .action(async (file: string, options: ImportOptions) => {
      const { importFile } = await import("./import.js");
      const { rows, seconds } = await importFile(file, options);
      const rate = Math.round(rows / seconds);
      process.stdout.write(`${rows} rows in ${seconds.toFixed(1)} s, ${rate} rows/s\n`);
    });
}

function addVerify(command: Command): void {
  command
    .command("verify")
    .description("check every checksum and Merkle root of a data directory that no node has open")
    .addOption(dataOption())
    .addOption(option("--json", "print the report as JSON", "JSON"))
    .action(async ({ data, json }: { data: string; json?: boolean }) => {
      const { verifyData } = await import("./verify.js");
      const sound = await verifyData(data, json === true, process.stdout);
      if (!sound) process.exitCode = 1;
    });
}

function addPlan(command: Command): void {
  command
    .command("plan")
    .description("say how much memory, disk, shards and nodes a collection needs")
    .addOption(option("--rows <count>", "rows", "ROWS").argParser(positive).makeOptionMandatory())
    .addOption(
      option("--dimension <count>", "components of a row", "DIMENSION")
        .argParser(positive)
        .makeOptionMandatory(),
    )
    .addOption(
      option("--metadata-bytes <bytes>", "metadata of a row, as MessagePack", "METADATA_BYTES")
        .default(200)
        .argParser(whole),
    )
    .addOption(
      option("--replication-factor <count>", "copies of each row", "REPLICATION_FACTOR")
        .default(1)
        .argParser(positive),
    )
    .addOption(
      option("--memory-per-node <size>", "memory of one node", "MEMORY_PER_NODE")
        .default(64 * 2 ** 30, "64GiB")
        .argParser(byteSize),
    )
    .addOption(
      option("--index <type>", "kind of index", "INDEX")
        .choices(["hnsw", "ivf", "flat"])
        .default("hnsw"),
    )
    .addOption(
      option("--quantization <kind>", "what an index compares", "QUANTIZATION")
        .choices(["int8", "none"])
        .default("int8"),
    )
    .addOption(option("--json", "print the plan as JSON", "JSON"))
    .action(async (options: PlanCommandOptions) => {
      const { printPlan } = await import("./plan.js");
      printPlan(options, process.stdout);
    });
}

function packageVersion(): string {
  const path = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
