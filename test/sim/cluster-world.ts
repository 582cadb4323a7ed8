/** Several machines with a node each, the process that keeps their cluster store, and the links between. */
import { MemoryNetwork, present, randomBelow, randomFraction } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import type { Loader } from "../../src/runtime/index.js";
import { MemoryStorage } from "../../src/storage/index.js";
import { settle } from "./cluster-settle.js";
import { CrashPoints } from "./crash-points.js";
import type { Fault, FaultKind } from "./faults.js";
import { Fleet } from "./fleet.js";
import { diskLoss, machineFaults } from "./machine-faults.js";
import { LostSight } from "./lost-sight.js";
import { Machine } from "./machine.js";
import type { MachineParts } from "./machine.js";
import { mixSpecs } from "./mix.js";
import type { Mix } from "./mix.js";
import { networkFaults } from "./network-faults.js";
import { NodeChanges } from "./node-changes.js";
import { collection, dimension } from "./requests.js";
import { SimParent, parentAddress } from "./sim-parent.js";
import type { SimTime } from "./sim-time.js";
import { driftingClock, fork } from "./single-world.js";
import type { MakeWorld, WorldParts } from "./world.js";

export interface ClusterWorldOptions {
  readonly load: Loader;
  readonly nodes: number;
  /** 0: one or two, as chance has it. */
  readonly shards: number;
  readonly replicas: number;
  /** Default: standard. */
  readonly mix?: Mix;
  /** Default: as the mix has it. */
  readonly splitRows?: number | undefined;
  readonly makeStorage?: () => MemoryStorage;
}

const secret = "a secret of this simulation";
/** Wall clocks are so far off at the beginning, and when they are set. */
const skewMsMax = 100;
const jumpMsMaxDefault = 10_000;
/** One more, so that one may go. */
const nodesThatCome = 1;

export function clusterWorld(options: ClusterWorldOptions): MakeWorld {
  return async (parts) => {
    const { time, random } = parts;
    const { replicas, mix = "standard" } = options;
    const { comesAndGoes, hintedMs, ...spec } = mixSpecs[mix];
    const { crashes: chances = {} } = spec;
    const more = spec.moreNodes ?? (comesAndGoes ? nodesThatCome : 0);
    const network = new MemoryNetwork({ clock: time.clock, delayMs: delays(random) });
    let splits = 0;
    const parent: SimParent = new SimParent({
      ...{ clock: time.clock, random, network, load: options.load, secret },
      nodes: options.nodes + more,
      onNodes: (plans) => fleet.follow(plans),
      onMap: (map) => {
        crashes.onMap(map);
        sight?.onMap(map);
      },
    });
    const fleet = new Fleet(parent.name, ({ node, listen }) => {
      const storage = options.makeStorage?.() ?? new MemoryStorage();
      return new Machine({
        ...machineParts(parts, options),
        ...{ name: node, network, storage },
        onSplit: () => {
          splits++;
          parts.trace.add("split", { name: node });
        },
        ...((spec.crashes ?? spec.lostSight) && {
          onCommit: (one, at) => {
            crashes.onCommit(one, at);
            sight?.onCommit(at);
          },
        }),
        cluster: { node, listen, store: { node: parent.name, address: parentAddress }, secret },
      });
    });
    const { machines, endpoints, names } = fleet;
    const loseStore = (): Fault | undefined => loseParent(parent);
    const crashes = new CrashPoints({ chances, random: fork(random), machines, loseStore });
    const sight =
      spec.lostSight &&
      new LostSight({
        ...{ chances: spec.lostSight, random: fork(random), network, storeName: parent.name },
        nodes: () => machines.map(({ name }) => name),
        leaving: () => changes.undone,
      });
    await time.until(parent.start());
    await begin(time, random, machines, options);
    const changes = new NodeChanges({
      ...{ ...parts, random: fork(random), machines, replicas },
      ...{ network, storeName: parent.name },
    });
    const undone = (): string | undefined => changes.undone && `${changes.undone} is still there`;
    return {
      ...{ endpoints, replicas },
      faults: faultsOf(mix, {
        ...{ time, random: fork(random), network, machines, names, loseStore, changes },
      }),
      strikes: (strike) => {
        crashes.strike = strike;
        if (sight) sight.strike = strike;
      },
      splits: () => splits,
      settle: (checker) =>
        hintedMs === undefined
          ? time.until(settle({ time, machines, replicas, undone }, checker))
          : time.pass(hintedMs),
      close: () => closeAll(time, machines),
    };
  };
}

function machineParts(
  { time, random, trace }: WorldParts,
  { load, mix = "standard", splitRows }: ClusterWorldOptions,
): Omit<MachineParts, "name" | "network" | "storage"> {
  const { repair, splitRows: usual, cutGraceMs } = mixSpecs[mix];
  return {
    ...{ random, load, splitRows: splitRows ?? usual, cutGraceMs },
    ...(repair && { repair }),
    clock: driftingClock(time, random, skewMsMax),
    onFailedStart: (error) => trace.add("failed_start", { error: String(error) }),
  };
}

/** Resolves when all serve, and the collection is there. */
async function begin(
  time: SimTime,
  random: Random,
  machines: readonly Machine[],
  options: ClusterWorldOptions,
): Promise<void> {
  await time.pass(startMs);
  const type = randomBelow(random, 2) === 0 ? "flat" : "hnsw";
  const drawn = 1 + randomBelow(random, 2);
  const usual = mixSpecs[options.mix ?? "standard"].shards ?? drawn;
  const shards = options.shards > 0 ? options.shards : usual;
  const settings = { collection, dimension, index: { type }, shards } as const;
  const { store } = present(machines[0]?.running, "a node that serves");
  await time.until(store.create_collection({ ...settings, replication_factor: options.replicas }));
}

const startMs = 3000;

interface FaultsOf {
  readonly time: SimTime;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly machines: readonly Machine[];
  readonly names: readonly string[];
  readonly loseStore: () => Fault | undefined;
  readonly changes: NodeChanges;
}

function faultsOf(
  mix: Mix,
  { time, random, network, machines, names, loseStore, changes }: FaultsOf,
): FaultKind[] {
  const { jumpMsMax = jumpMsMaxDefault, awayFactor = 1, only, ...spec } = mixSpecs[mix];
  const parts = { clock: time.clock, random, jumpMsMax, awayFactor };
  const faults = [
    ...machineFaults({ ...parts, machines }),
    ...networkFaults({ ...parts, network, names }),
    ...(spec.losesDisk ? [diskLoss({ ...parts, machines })] : []),
    ...(spec.comesAndGoes ? changes.kinds : []),
    { name: "parent_lost", weight: 1, lastsMsMax: 5000, begin: loseStore },
  ];
  return faults.filter(({ name }) => only?.has(name) ?? true);
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

async function closeAll(time: SimTime, machines: readonly Machine[]): Promise<void> {
  for (const { running } of machines) if (running) await time.until(running.store.close());
}
