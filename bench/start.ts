/**
 * How long does a start take: of `dvesp serve` until it serves, and of a process that imports the package,
 * opens a new directory, makes a collection, inserts a row and searches, until the answer? Wall time, and
 * processor time of all threads until then. Packages, named by their directories, take turns.
 *
 *   npm run bench:start -- [--runs N] [--packages DIRECTORY,DIRECTORY]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { machine, percentile } from "./figures.js";

/** Milliseconds. */
interface Start {
  readonly wall: number;
  readonly processor: number;
}

/** Arguments of a node process for a package and a data directory. */
type Case = (root: string, data: string) => readonly string[];

const cases: Readonly<Record<string, Case>> = {
  serve: (root, data) => [join(root, "bin/dvesp"), "serve", "--port", "0", "--data", data],
  open: (root, data) => ["--input-type=module", "-e", firstAnswer(root, data)],
};

function firstAnswer(root: string, data: string): string {
  return `
    import { open } from ${JSON.stringify(join(root, "dist/index.js"))};
    const store = await open({ path: ${JSON.stringify(data)} });
    await store.create_collection({ collection: "a", dimension: 4 });
    await store.insert({ collection: "a", vectors: [[1, 2, 3, 4]] });
    await store.search({ collection: "a", query_vector: [1, 2, 3, 4], top_k: 1 });
    process.stdout.write("answered");
    process.once("SIGTERM", () => void store.close());`;
}

const hertz = 100;

/** Of all threads of a process that runs. */
function processorMs(pid: number): number {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return (((user ?? NaN) + (system ?? NaN)) * 1000) / hertz;
}

/** From the start of the process to the first output that says so. */
async function measure(args: readonly string[]): Promise<Start> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  try {
    for await (const output of child.stdout) {
      if (!/"serving"|answered/.test(String(output))) continue;
      return { wall: performance.now() - began, processor: processorMs(child.pid ?? NaN) };
    }
    throw new Error("it ended before it had started");
  } finally {
    child.kill("SIGTERM");
    await closed;
  }
}

async function inNewDirectory(one: Case, root: string): Promise<Start> {
  const data = mkdtempSync(join(tmpdir(), "dvesp-start-"));
  try {
    return await measure(one(root, data));
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "7" },
    packages: { type: "string", default: "." },
  },
});
const roots = options.packages.split(",").map((path) => resolve(path));
const started = new Map<string, Start[]>();
for (let run = 0; run < Number(options.runs); run++) {
  for (const [name, one] of Object.entries(cases)) {
    for (const root of roots) {
      const key = `${name} ${root}`;
      started.set(key, [...(started.get(key) ?? []), await inNewDirectory(one, root)]);
    }
  }
}
process.stdout.write(`${JSON.stringify({ ...machine(), load: loadavg()[0] })}\n`);
for (const [key, starts] of started) {
  const median = (of: keyof Start): string =>
    percentile(
      starts.map((start) => start[of]),
      0.5,
    ).toFixed(0);
  process.stdout.write(`${key}: ${median("wall")} ms, processor ${median("processor")} ms\n`);
}
