/**
 * A contender's process: `contender-process.js NAME SET DATA DIRECTORY ROWS QUERIES`. It reads one order a
 * line and answers one line; between orders it rests.
 */
import { mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import type { Contender } from "./contender.js";
import { k } from "./contender.js";
import { makers } from "./contenders/index.js";
import type { Answer, BuildAnswer, Memory, Order, SearchAnswer, SearchOrder } from "./messages.js";
import { loadSet, sets } from "./sets.js";
import type { LoadedSet } from "./sets.js";

const kibibyte = 1024;

/** Buffers that a collection has found dead are given back a moment later. */
const settleMs = 200;

async function residentMemory(): Promise<Memory> {
  for (let turn = 0; turn < 2; turn++) {
    (globalThis as { gc?: () => void }).gc?.();
    await setTimeout(settleMs);
  }
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name: string): number =>
    kibibyte * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
  return { own: field("RssAnon") + field("RssShmem"), mapped: field("RssFile") };
}

function bytesUnder(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0);
}

/** Microseconds of processor time since. */
function spent(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

async function build(
  contender: Contender,
  set: LoadedSet,
  directory: string,
): Promise<BuildAnswer> {
  mkdirSync(directory, { recursive: true });
  await contender.open?.(directory);
  const before = await residentMemory();
  const began = performance.now();
  const cpu = process.cpuUsage();
  await contender.build(set, directory);
  const seconds = (performance.now() - began) / 1000;
  const cpuSeconds = spent(cpu) / 1e6;
  const after = await residentMemory();
  const { kind, knob, efforts, isConcurrent, filters } = contender;
  const memory = { own: after.own - before.own, mapped: after.mapped - before.mapped };
  const disk = bytesUnder(directory);
  return { seconds, cpuSeconds, memory, disk, kind, knob, efforts, isConcurrent, filters };
}

async function search(
  contender: Contender,
  { effort, filter, truth, atOnce, queries }: SearchOrder,
): Promise<SearchAnswer> {
  await contender.setEffort(effort);
  contender.setFilter?.(filter);
  const found: ArrayLike<number>[] = [];
  let next = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const client = async (): Promise<void> => {
    while (next < queries) {
      const query = next++;
      const answer = contender.search(query);
      found[query] = answer instanceof Promise ? await answer : answer;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  const us = ((performance.now() - began) * 1000) / queries;
  const cpuUs = spent(cpu) / queries;
  return { ...judge(found, truth), us, cpuUs };
}

function judge(
  found: readonly ArrayLike<number>[],
  truth: readonly (readonly number[])[],
): { readonly recall: number; readonly short: number } {
  let right = 0;
  let wanted = 0;
  let short = 0;
  for (const [query, rows] of found.entries()) {
    const near = truth[query]!.slice(0, k);
    const answered = new Set(Array.from(rows));
    wanted += near.length;
    right += near.filter((row) => answered.has(row)).length;
    if (answered.size < near.length) short++;
  }
  return { recall: right / wanted, short };
}

const [name = "", setName = "", data = "", directory = "", rows, queries] = process.argv.slice(2);
const contender = await makers[name]!();
const set = loadSet(sets[setName]!, data, {
  rowsMax: Number(rows),
  queriesMax: Number(queries),
});

async function obey(order: Order): Promise<Answer> {
  try {
    if (order.do === "build") return await build(contender, set, directory);
    return await search(contender, order);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await obey(JSON.parse(line) as Order))}\n`);
}
process.exit(0);
