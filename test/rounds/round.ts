/**
 * One round: the simulation's clients against real processes while a seeded scheduler breaks things, then
 * the simulation's checks. A seed makes the same operations and faults; when they meet is up to the machine.
 */
import type { FaultyCluster } from "../../bench/faulty-cluster.js";
import { randomBelow, randomUuid, seededRandom, sleep, systemClock } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import { Checker } from "../sim/checker.js";
import type { Endpoint } from "../sim/client.js";
import { Faults, refusalsByFaults } from "../sim/faults.js";
import type { Violation } from "../sim/history.js";
import { lastReads } from "../sim/last-reads.js";
import { dimension } from "../sim/requests.js";
import { Trace } from "../sim/trace.js";
import { Workload } from "../sim/workload.js";
import type { Client } from "./clients.js";
import { Ledger, ledgerDimension } from "./ledger.js";
import { processFaults } from "./process-faults.js";

export interface RoundOptions {
  readonly seed: number;
  /** Of load and faults. */
  readonly seconds: number;
  readonly cluster: FaultyCluster;
  readonly clients: readonly Client[];
}

export interface RoundResult {
  readonly seed: number;
  readonly operations: number;
  /** Rows that were acknowledged, and looked for one by one in the end. */
  readonly rows: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
  /** From the last mending until all replicas were alike, and of the whole round. */
  readonly settledMs: number;
  readonly tookMs: number;
  readonly trace: Trace;
}

/** A collection with the clients that use it, and what they know of it. */
interface Load {
  readonly collection: string;
  readonly ids: readonly string[];
  readonly checker: Checker;
  readonly workload: Workload;
}

const clock = systemClock;
const shardCounts = [1, 2];
/** Of all collections. */
const shardsInAll = 4;
const replicas = 3;
const idCount = 12;
/** Of each collection. */
const clientCount = 10;
/** That write rows which are never written again. */
const ledgerClients = 12;
const faultPlan = { atOnceMax: 2, pauseMsMax: 3000 };
/** In which all replicas have to be alike once everything is mended. */
const settleMsMax = 120_000;
const lastReadTries = 10;

export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { seed, seconds, cluster } = options;
  const beganMs = clock.monotonic();
  const random = seededRandom(seed);
  const trace = new Trace(() => clock.monotonic());
  const store = options.clients.at(-1)!.store;
  const loads: Load[] = [];
  for (const shards of shardCounts) loads.push(await makeLoad(shards, random, trace, options));
  const ledger = await makeLedger(random, options);
  const common = loads[0]!.checker;
  const onLost = (node: string): void => common.fail("unavailable", `${node} never came back`);
  const faultRandom = seededRandom(random.uint32());
  const kinds = processFaults({ cluster, clock, random: faultRandom, onLost });
  const faults = new Faults({ clock, random: faultRandom, trace, kinds, ...faultPlan });
  const breaking = faults.run();
  const ends = await Promise.allSettled([
    ...loads.map(({ workload }) => workload.run()),
    ledger.run(),
  ]);
  for (const end of ends) if (end.status === "rejected") common.fail("crash", String(end.reason));
  trace.add("load_over", { seconds });
  await faults.stop();
  await breaking;
  const settledMs = await settle(cluster, common, trace);
  for (const load of loads) await judge(load, options);
  await ledger.check();
  for (const { collection } of await store.list_collections()) {
    await store.drop_collection({ collection });
  }
  return {
    seed,
    operations: loads.reduce(
      (sum, { workload }) => sum + workload.counts.begun,
      ledger.counts.calls,
    ),
    rows: ledger.counts.rows,
    outcomes: sumOf(loads.map(({ workload }) => workload.outcomes)),
    faults: faults.counts,
    violations: [...loads.flatMap(({ checker }) => checker.violations), ...ledger.violations],
    settledMs,
    tookMs: Math.round(clock.monotonic() - beganMs),
    trace,
  };
}

async function makeLoad(
  shards: number,
  random: Random,
  trace: Trace,
  { seed, seconds, clients }: RoundOptions,
): Promise<Load> {
  const collection = `rows-${seed}-${shards}`;
  const type = randomBelow(random, 2) === 0 ? "flat" : "hnsw";
  const settings = { collection, dimension, index: { type }, shards } as const;
  const request = { ...settings, replication_factor: replicas };
  await clients.at(-1)!.store.create_collection(request);
  const ids = Array.from({ length: idCount }, () => randomUuid(random));
  const checker = new Checker({ ids, replicas });
  const endMs = clock.monotonic() + seconds * 1000;
  const workload = new Workload({
    ...{ clock, random: seededRandom(random.uint32()), ids, checker, trace, collection },
    endpoints: clients.map(endpointOf),
    mayRefuse: (code) => refusalsByFaults.has(code),
    clients: clientCount,
    goesOn: () => clock.monotonic() < endMs,
  });
  return { collection, ids, checker, workload };
}

async function makeLedger(
  random: Random,
  { seed, seconds, clients }: RoundOptions,
): Promise<Ledger> {
  const collection = `ledger-${seed}`;
  const settings = { collection, dimension: ledgerDimension, replication_factor: replicas };
  await clients.at(-1)!.store.create_collection(settings);
  const endMs = clock.monotonic() + seconds * 1000;
  return new Ledger({
    ...{ clock, collection, random: seededRandom(random.uint32()), stores: clients },
    clients: ledgerClients,
    mayRefuse: (code) => refusalsByFaults.has(code),
    goesOn: () => clock.monotonic() < endMs,
  });
}

function endpointOf({ name, store }: Client): Endpoint {
  return { name, store: () => store, whenRunning: (action) => action() };
}

/** How long it took until all replicas were alike. */
async function settle(cluster: FaultyCluster, checker: Checker, trace: Trace): Promise<number> {
  const startMs = clock.monotonic();
  // What callers gave up on may still be under way.
  await sleep(clock, 1000);
  try {
    await cluster.healthy({ limitMs: settleMsMax, shards: shardsInAll });
  } catch (error) {
    const views = await cluster.views();
    trace.add("not_alike", { views });
    checker.fail("not_alike", `${String(error)}: ${JSON.stringify(views)}`);
  }
  return Math.round(clock.monotonic() - startMs);
}

async function judge({ workload, ids, checker }: Load, { clients }: RoundOptions): Promise<void> {
  const endpoints = clients.map(endpointOf);
  await lastReads(workload.reads, { endpoints, checker, ids, agreed: true, tries: lastReadTries });
}

export function sumOf(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const [name, count] of maps.flatMap((one) => [...one])) {
    sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return sum;
}
