/** Several machines with a node each, the process that keeps their cluster store, and the links between. */
import { repairLimits } from "../../src/actors/index.js";
import { MemoryNetwork, randomBelow, randomFraction, sleep } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import { describeCluster } from "../../src/node/describe-cluster.js";
import type { Loader } from "../../src/runtime/index.js";
import { MemoryStorage } from "../../src/storage/index.js";
import type { Checker } from "./checker.js";
import type { Fault } from "./faults.js";
import { leftOver } from "./left-over.js";
import { diskLoss, machineFaults } from "./machine-faults.js";
import { Machine, endpointOf } from "./machine.js";
import { networkFaults } from "./network-faults.js";
import { collection, dimension } from "./requests.js";
import { SimParent, parentAddress } from "./sim-parent.js";
import type { SimTime } from "./sim-time.js";
import { driftingClock, fork } from "./single-world.js";
import type { Mix } from "./mix.js";
import type { MakeWorld } from "./world.js";

export interface ClusterWorldOptions {
  readonly load: Loader;
  readonly nodes: number;
  /** 0: one or two, as chance has it. */
  readonly shards: number;
  readonly replicas: number;
  readonly mix?: Mix;
  readonly splitRows?: number | undefined;
  readonly makeStorage?: () => MemoryStorage;
}

/** Replicas are compared too late to be of any help: what they missed has to come by hints. */
const hintsAlone = { ...repairLimits, roundMs: 3_600_000, graceMs: 60_000 };
/** What takes nothing from a coordinator that owes somebody a hint. */
const outages = new Set(["standstill", "cut_link", "cut_one_way", "isolated", "reset", "swizzle"]);
/** In which all that was acknowledged has reached every replica by hints. */
const hintedMs = 30_000;

const secret = "a secret of this simulation";
/** In which all replicas have to be alike once everything is mended. */
const settleMsMax = 120_000;
const lookMs = 500;
/** Wall clocks are so far off at the beginning, and when they are set. */
const skewMsMax = 100;
const jumpMsMax = 10_000;

export function clusterWorld(options: ClusterWorldOptions): MakeWorld {
  return async ({ time, random, trace }) => {
    const { load, nodes, replicas, mix, splitRows, makeStorage } = options;
    let splits = 0;
    const network = new MemoryNetwork({ clock: time.clock, delayMs: delays(random) });
    const parent = new SimParent({ clock: time.clock, random, network, load, secret });
    await time.until(parent.start());
    const machines = Array.from({ length: nodes }, (_, index) => {
      const name = `n${index + 1}`;
      return new Machine({
        ...{ name, random, network, load, splitRows },
        onSplit: () => {
          splits++;
          trace.add("split", { name });
        },
        ...(mix === "hinted" && { repair: hintsAlone }),
        clock: driftingClock(time, random, skewMsMax),
        storage: makeStorage?.() ?? new MemoryStorage(),
        cluster: {
          node: name,
          listen: `${name}:1`,
          store: { node: parent.name, address: parentAddress },
          secret,
        },
        onFailedStart: (error) => trace.add("failed_start", { name, error: String(error) }),
      });
    });
    await time.until(Promise.all(machines.map((one) => one.start())));
    await time.pass(2000);
    const type = randomBelow(random, 2) === 0 ? "flat" : "hnsw";
    const shards = options.shards > 0 ? options.shards : 1 + randomBelow(random, 2);
    const settings = { collection, dimension, index: { type }, shards } as const;
    const request = { ...settings, replication_factor: replicas };
    const store = machines[0]?.running?.store;
    if (!store) throw new Error("no node serves");
    await time.until(store.create_collection(request));
    const names = [...machines.map(({ name }) => name), parent.name];
    const parts = { clock: time.clock, random: fork(random), jumpMsMax };
    const faults = [
      ...machineFaults({ ...parts, machines }),
      ...networkFaults({ ...parts, network, names }),
      ...(mix === "replaced" ? [diskLoss({ ...parts, machines })] : []),
      { name: "parent_lost", weight: 1, lastsMsMax: 5000, begin: () => loseParent(parent) },
    ];
    const isHinted = mix === "hinted";
    return {
      endpoints: machines.map(endpointOf),
      replicas,
      faults: isHinted ? faults.filter(({ name }) => outages.has(name)) : faults,
      splits: () => splits,
      settle: (checker) =>
        isHinted ? time.pass(hintedMs) : time.until(settle(time, machines, checker)),
      close: () => closeAll(time, machines),
    };
  };
}

/** Every link has a pace of its own, some slow, and every message one too. */
function delays(random: Random): (from: string, to: string) => number {
  const paces = new Map<string, number>();
  return (from, to) => {
    const link = `${from} ${to}`;
    const pace = paces.get(link) ?? (randomBelow(random, 8) === 0 ? 20 : 0.2);
    paces.set(link, pace);
    return pace * (0.5 + randomFraction(random));
  };
}

function loseParent(parent: SimParent): Fault | undefined {
  if (!parent.isRunning) return undefined;
  parent.cutPower();
  return { where: "", mend: () => parent.start() };
}

/** Waits until the replicas of every shard are alike. */
async function settle(
  time: SimTime,
  machines: readonly Machine[],
  checker: Checker,
): Promise<void> {
  const endMs = time.now() + settleMsMax;
  for (;;) {
    await sleep(time.clock, lookMs);
    const differing = await whatDiffers(machines);
    const kept = differing === undefined ? await whatIsKept(machines) : undefined;
    if (differing === undefined && kept === undefined) return;
    if (time.now() < endMs) continue;
    const after = `${settleMsMax} ms after all was mended`;
    if (differing !== undefined) checker.fail("not_alike", `${after}: ${differing}`);
    if (kept !== undefined) checker.fail("memory", `${after}: ${kept}`);
    return;
  }
}

async function whatIsKept(machines: readonly Machine[]): Promise<string | undefined> {
  for (const { name, running } of machines) {
    const kept = running && (await leftOver(name, running));
    if (kept !== undefined) return kept;
  }
  return undefined;
}

async function whatDiffers(machines: readonly Machine[]): Promise<string | undefined> {
  for (const { name, running } of machines) {
    if (!running) return `${name} does not serve`;
    const { collections } = await describeCluster(running.node, name);
    const shards = collections.flatMap((one) => one.shards);
    if (shards.length === 0) return `${name} knows no shard`;
    for (const { id, replicas } of shards) {
      const roots = new Set(replicas.map((one) => one.merkle_root));
      const isActive = replicas.every(({ state }) => state === "active");
      if (roots.size !== 1 || !isActive) return `${name}, shard ${id}: ${JSON.stringify(replicas)}`;
    }
  }
  return undefined;
}

async function closeAll(time: SimTime, machines: readonly Machine[]): Promise<void> {
  for (const { running } of machines) if (running) await time.until(running.store.close());
}
