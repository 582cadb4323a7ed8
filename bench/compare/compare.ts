/**
 * How does DVESP compare with other vector stores on the same rows? See docs/BENCHMARKS.md.
 *
 *   npm run compare -- --set fashion-mnist --data DIR [--only "dvesp,zvec HNSW"] [--rows 60000]
 *     [--queries 200] [--rounds 5] [--filter-queries 50] [--out DIR] [--lock FILE]
 *     [--one-at-a-time]
 *
 * Linux only: it pins processes by taskset and reads their memory from /proc. FAISS takes part when
 * `--python` (default /usr/bin/python3) can import faiss, as Debian's python3-faiss lets it.
 *
 * Each contender has a process of its own. They are built one after the other on one processor, then
 * asked in turns: one query at a time on one processor, and many at once on all of them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine } from "../figures.js";
import { makers, pythonNames } from "./contenders/index.js";
import { exactTruth } from "./exact-truth.js";
import { figure } from "./figure.js";

import { choosePoints, measureFilters, measureRound } from "./measure.js";
import type { Processors } from "./measure.js";
import type { ComparisonResult } from "./result.js";
import { Rival } from "./rival.js";
import type { Command } from "./rival.js";
import { filtersOf, loadSet, sets } from "./sets.js";
import type { SetFiles } from "./sets.js";
import { filterTable, speedTable } from "./tables.js";
import { takeTurn } from "./turn.js";

const { values: options } = parseArgs({
  options: {
    set: { type: "string", default: "fashion-mnist" },
    data: { type: "string", default: "." },
    only: { type: "string" },
    rows: { type: "string", default: "10000000" },
    queries: { type: "string", default: "200" },
    "filter-queries": { type: "string", default: "50" },
    rounds: { type: "string", default: "5" },
    out: { type: "string", default: "." },
    python: { type: "string", default: "/usr/bin/python3" },
    lock: { type: "string" },
    "one-at-a-time": { type: "boolean", default: false },
  },
});

const files = sets[options.set];
if (!files) throw new Error(`--set is one of ${Object.keys(sets).join(", ")}`);
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const queries = Number(options.queries);
const filterQueries = Number(options["filter-queries"]);
const rows = Number(options.rows);
const set = loadSet(files, options.data, { rowsMax: rows, queriesMax: queries });
const [truth = []] = exactTruth(set, [undefined], queries);
const directory = mkdtempSync(join(tmpdir(), "dvesp-compare-"));
const attributes = join(directory, "attributes.u16");
writeFileSync(attributes, Buffer.concat([Buffer.from(set.r.buffer), Buffer.from(set.c.buffer)]));
const lastProcessor = availableParallelism() - 1;
const processors: Processors = {
  one: String(lastProcessor),
  all: options["one-at-a-time"] ? undefined : `0-${lastProcessor}`,
};

function commandOf(name: string, { train, queries: asked, metric }: SetFiles): Command {
  const own = join(directory, name.replaceAll(/\W+/g, "-"));
  const here = (path: string): string => join(options.data, path);
  if (pythonNames.includes(name)) {
    const script = fileURLToPath(new URL("../../contenders/faiss-contender.py", import.meta.url));
    const paths = [here(train), here(asked), attributes, own, String(rows), String(queries)];
    return { program: options.python, args: [script, name, metric, ...paths] };
  }
  const script = fileURLToPath(new URL("./contender-process.js", import.meta.url));
  const args = [name, options.set, options.data, own, String(rows), String(queries)];
  return { program: process.execPath, args: ["--expose-gc", script, ...args] };
}

/** Starts and builds a contender; undefined, with the reason kept, when it cannot take part. */
async function start(name: string, absent: Record<string, string>): Promise<Rival | undefined> {
  const rival = new Rival(name, commandOf(name, files!));
  try {
    rival.pin(processors.one);
    await takeTurn(options.lock, () => rival.build());
    await choosePoints(rival, truth);
    say(`${name}: built in ${rival.built.cpuSeconds.toFixed(1)} s of processor time`);
    return rival;
  } catch (error) {
    absent[name] = error instanceof Error ? error.message : String(error);
    say(`${name}: takes no part: ${absent[name]}`);
    rival.stop();
    return undefined;
  }
}

async function compare(names: readonly string[]): Promise<ComparisonResult> {
  const absent: Record<string, string> = {};
  const rivals: Rival[] = [];
  try {
    for (const name of names) {
      const rival = await start(name, absent);
      if (rival) rivals.push(rival);
    }
    const filters = filtersOf(set);
    const truths = exactTruth(set, filters, filterQueries);
    const tasks = filters.map((filter, at) => ({ filter, truth: truths[at]! }));
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const rival of rivals) {
        await takeTurn(options.lock, () => measureRound(rival, processors, truth));
      }
      say(`round ${round + 1} done`);
    }
    for (let round = 0; round < Math.min(3, Number(options.rounds)); round++) {
      for (const rival of rivals.filter(({ built }) => built.filters)) {
        rival.pin(processors.one);
        await takeTurn(options.lock, () => measureFilters(rival, tasks));
      }
      say(`filters, round ${round + 1} done`);
    }
  } finally {
    rivals.forEach((rival) => rival.stop());
  }
  const { train } = set;
  const found = rivals.map(({ name, built, points, filtered }) => ({
    name,
    built,
    points,
    filtered,
  }));
  const { rows: count, dimension } = train;
  const facts = {
    set: options.set,
    rows: count,
    dimension,
    metric: set.metric,
    machine: machine(),
  };
  return { ...facts, rivals: found, absent };
}

/** Names, or the makers that names begin with. */
const wanted = options.only?.split(",").map((part) => part.trim());
const names = [...Object.keys(makers), ...pythonNames].filter(
  (name) => !wanted || wanted.includes(name) || wanted.includes(name.split(" ")[0]!),
);
try {
  const result = await compare(names);
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, `compare-${options.set}.json`), JSON.stringify(result, null, 1));
  writeFileSync(join(options.out, `compare-${options.set}.svg`), figure(result));
  process.stdout.write(`${speedTable(result)}\n\n${filterTable(result)}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
