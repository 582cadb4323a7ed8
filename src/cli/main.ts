/** The `dvesp` command. Every option can also be given as `DVESP_…` in the environment. */
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { invalid, isDvespError } from "../base/index.js";
import { importFile } from "./import.js";
import type { ImportOptions } from "./import.js";
import { parseByteSize } from "./byte-size.js";
import { printPlan } from "./plan.js";
import type { PlanCommandOptions } from "./plan.js";
import { serveUntilSignal } from "./serve.js";
import type { ServeCommandOptions } from "./serve.js";
import { verifyData } from "./verify.js";

/** Runs the command line in `argv`; sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = 1;
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
  return command;
}

function addServe(command: Command): void {
  command
    .command("serve")
    .description("serve one node over REST")
    .addOption(option("--host <host>", "address to listen on", "HOST").default("127.0.0.1"))
    .addOption(option("--port <port>", "port to listen on", "PORT").default(7000).argParser(whole))
    .addOption(dataOption())
    .addOption(option("--api-key <key>", "key that requests must carry", "API_KEY"))
    .addOption(
      option("--threads <count>", "search threads; default: one per core", "THREADS").argParser(
        whole,
      ),
    )
    .addOption(
      option(
        "--build-threads <count>",
        "threads that build indexes; default: half as many as cores",
        "BUILD_THREADS",
      ).argParser(positive),
    )
    .addOption(option("--log-level <level>", "pino level", "LOG_LEVEL").default("info"))
    .addOption(option("--config <file>", "JSON file with any of these options", "CONFIG"))
    .action((_, self: Command) =>
      serveUntilSignal(withConfig(self) as unknown as ServeCommandOptions),
    );
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
    .action((options: PlanCommandOptions) => printPlan(options, process.stdout));
}

function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(`DVESP_${variable}`);
}

function dataOption(): Option {
  return option("--data <directory>", "data directory", "DATA").default("./dvesp-data");
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError("not a whole number");
}

function positive(text: string): number {
  const value = whole(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("must be at least 1");
}

function byteSize(text: string): number {
  const value = parseByteSize(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError("not a size such as 64GiB");
}

function list(text: string): string[] {
  return text.split(",").map((one) => one.trim());
}

/** Options of the command line, over those of the environment, over those of `--config`. */
function withConfig(command: Command): Record<string, unknown> {
  const options = command.opts<Record<string, unknown>>();
  if (typeof options["config"] !== "string") return options;
  for (const [key, value] of Object.entries(readConfig(options["config"]))) {
    if (!(key in options) && !command.options.some((one) => one.attributeName() === key)) {
      throw invalid(`${options["config"]}: there is no option ${key}`);
    }
    const source = command.getOptionValueSource(key);
    if (source === undefined || source === "default") options[key] = value;
  }
  return options;
}

/** Errors: `INVALID_ARGUMENT` for a file that cannot be read or is no JSON object. */
function readConfig(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch (error) {
    throw invalid(`${path}: ${error instanceof Error ? error.message : "cannot be read"}`);
  }
}

function packageVersion(): string {
  const path = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
