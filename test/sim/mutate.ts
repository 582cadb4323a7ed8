/**
 * What the checks are worth: `npm run mutations` breaks one rule after the other in a copy of the compiled
 * simulation, runs seeds until a check sees it, and prints which did. Ends with 1 when a mutation was not seen, or
 * does not fit the sources any more. `--only WORD` picks some, `--seeds` bounds the seeds of each, `--jobs` how many
 * run at once.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import ts from "typescript";
import { mutated, mutations } from "./mutations.js";
import type { Mutation } from "./mutations.js";

interface Found {
  readonly checks: readonly string[];
  readonly seeds: number;
  readonly seed: number | undefined;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seeds: { type: "string", default: "200" },
    first: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
  },
});

const chosen = mutations.filter(({ name }) => name.includes(values.only));
const left = chosen.map((mutation) => ({ mutation, sources: mutated(mutation, sourceOf) }));
console.log("| mutation | mix | seen by | seed | seeds run |");
console.log("| --- | --- | --- | --- | --- |");
await Promise.all(Array.from({ length: Number(values.jobs) }, work));

async function work(): Promise<void> {
  for (let next = left.shift(); next; next = left.shift()) {
    const { mutation } = next;
    const { checks, seed, seeds } = await tried(mutation, next.sources);
    if (checks.length === 0) process.exitCode = 1;
    const seenBy = checks.map((check) => `\`${check}\``).join(", ") || "nothing";
    const { name, mix = "standard" } = mutation;
    console.log(`| ${name} | ${mix} | ${seenBy} | ${seed ?? ""} | ${seeds} |`);
  }
}

function sourceOf(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

async function tried(
  { mix = "standard", options = [] }: Mutation,
  sources: ReadonlyMap<string, string>,
): Promise<Found> {
  const directory = mkdtempSync(join(tmpdir(), "dvesp-mutation-"));
  try {
    cpSync(join(root, "dist-sim"), join(directory, "dist-sim"), { recursive: true });
    cpSync(join(root, "package.json"), join(directory, "package.json"));
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    for (const [file, source] of sources) {
      const compiled = join(directory, "dist-sim", file.replace(/\.ts$/, ".js"));
      writeFileSync(compiled, compile(source));
    }
    const { first, seeds } = values;
    const args = ["--stop", "--mix", mix, "--first", first, "--seeds", seeds, ...options];
    return await run(join(directory, "dist-sim/test/sim/main.js"), args);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function compile(source: string): string {
  const { ESNext } = ts.ModuleKind;
  const compilerOptions = { module: ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

/** What a simulation of its own process says in its summary. */
async function run(main: string, args: readonly string[]): Promise<Found> {
  const child = spawn(process.execPath, ["--max-semi-space-size=64", main, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  await new Promise((resolve) => child.on("close", resolve));
  const at = text.lastIndexOf("\n{\n");
  const summary: unknown = JSON.parse(text.slice(text.startsWith("{") && at === -1 ? 0 : at));
  const { seeds, violations, failed } = summary as {
    readonly seeds: number;
    readonly violations: Readonly<Record<string, number>>;
    readonly failed: readonly number[];
  };
  return { seeds, checks: Object.keys(violations), seed: failed[0] };
}
