/**
 * Histories of writes to replicated rows, by several coordinators at once, while the network and the nodes
 * fail; and what must hold of them afterwards. Runs on any replicas that follow the rules: model and real.
 */
import {
  drainMicrotasks,
  randomBelow,
  randomFraction,
  seededRandom,
} from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import { UndecidedBatches } from "../../src/actors/writes/undecided-batches.js";
import { HistoryClient } from "../support/history-client.js";
import {
  HistoryWorld,
  absent,
  dimension,
  metadataAt,
  numbersOf,
  stateOf,
} from "../support/history-world.js";
import type { HistoryCounts, HistoryOptions } from "../support/history-world.js";
import { isLinearizable } from "../support/linearizable.js";
import { ReplicaCluster } from "../support/replica-cluster.js";
import type { HostedReplica } from "../support/replica-cluster.js";

export interface Violation {
  readonly what: string;
  readonly trace: readonly string[];
}

/** Runs a history and says what did not hold; undefined when all did. */
export async function runHistory(
  options: HistoryOptions,
): Promise<{ readonly violation: Violation | undefined; readonly counts: HistoryCounts }> {
  const world = new HistoryWorld(options);
  const random = seededRandom(options.seed ^ 0x5eed);
  const quiet = randomBelow(random, 4) === 0;
  const cluster = await ReplicaCluster.open({
    seed: options.seed,
    clock: world.clock,
    nodes: 3,
    shards: options.shards ?? 1,
    replicationFactor: 3,
    dimension,
    loss: quiet ? 0 : randomFraction(random) * 0.1,
    skewMsMax: randomBelow(random, 2) * 40,
    make: async (node, shard, clock) => noting(world, await options.make(node, shard, clock)),
  });
  world.cluster = cluster;
  const clients = Array.from(
    { length: options.clients ?? 3 },
    (_, index) => new HistoryClient(world, `c${index}`, `n${(index % 3) + 1}`),
  );
  world.clients = clients;
  const resolvers = resolversOf(world);
  const work = Promise.all(clients.map((client) => client.run(options.operations ?? 6)));
  const faults = quiet ? Promise.resolve() : disturb(world, clients, random);
  const violation = await finish(world, Promise.all([work, faults]), clients, options.seed);
  for (const resolver of resolvers) resolver.stop();
  return { violation, counts: world.counts };
}

/** One for each node, as nodes have them; a crash does not end them, they find nobody to ask meanwhile. */
function resolversOf(world: HistoryWorld): UndecidedBatches[] {
  const { cluster } = world;
  return cluster.nodes.map((node) => {
    const resolver = new UndecidedBatches(world.partsFor(node, { yes: false }));
    resolver.start();
    return resolver;
  });
}

/** Learns what each version means from what replicas are told, as a reader would from their answers. */
function noting(world: HistoryWorld, replica: HostedReplica): HostedReplica {
  return {
    restart: () => replica.restart(),
    receive: (message) => {
      if (message.type === "write" || message.type === "stage") {
        const { write, version } = message;
        numbersOf(write.ids ?? new Uint8Array(0)).forEach((id, index) => {
          const state =
            write.kind === "insert" ? stateOf(metadataAt(write.metadata, index)) : absent;
          world.note(id, version, state);
        });
      }
      return replica.receive(message);
    },
  };
}

async function disturb(
  world: HistoryWorld,
  clients: readonly HistoryClient[],
  random: Random,
): Promise<void> {
  const { cluster, clock } = world;
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  for (let count = 0; count < 4; count++) {
    await sleep(randomBelow(random, 120));
    const node = cluster.nodes[randomBelow(random, 3)] as string;
    const other = cluster.nodes[randomBelow(random, 3)] as string;
    const kind = randomBelow(random, 5);
    if (kind === 0) cluster.crash(node);
    if (kind === 1) cluster.stop(node);
    if (kind === 2 && node !== other) cluster.cut(node, other);
    if (kind === 3) clients[randomBelow(random, clients.length)]?.die();
    if (kind === 4) await cluster.replayHints();
    await sleep(randomBelow(random, 300));
    await cluster.start(node);
    cluster.resume(node);
    cluster.join(node, other);
  }
}

const endMs = 60_000;

async function finish(
  world: HistoryWorld,
  work: Promise<unknown>,
  clients: readonly HistoryClient[],
  seed: number,
): Promise<Violation | undefined> {
  const { clock, cluster } = world;
  const done = { yes: false };
  const failure: unknown[] = [];
  void work.then(
    () => (done.yes = true),
    (error: unknown) => failure.push(error),
  );
  // A client whose coordinator died waits for ever: what it had begun remains unknown.
  for (let ms = 0; ms < endMs && !done.yes && failure.length === 0; ms += 500) {
    await clock.advance(500);
  }
  if (failure.length > 0) throw failure[0];
  await cluster.heal();
  await cluster.replayHints();
  await clock.advance(10_000);
  const fresh = clients[0] as HistoryClient;
  fresh.die();
  const reads = Promise.all(Array.from({ length: world.ids }, (_, id) => fresh.read(id)));
  await clock.advance(10_000);
  const final = await Promise.race([reads, drainMicrotasks()]);
  if (!final?.every((one) => one !== undefined))
    throw new Error(`SEED=${seed}: the rows cannot be read at the end`);
  // In one shard a blind write of several rows that nobody confirmed may have been half overtaken.
  if (cluster.options.shards > 1) world.believeTraces();
  for (let id = 0; id < world.ids; id++) {
    const history = world.historyOf(id);
    if (isLinearizable(history, absent)) continue;
    const lines = history
      .sort((a, b) => a.beginMs - b.beginMs)
      .map((one) => `${one.beginMs.toFixed(6)} ${one.endMs.toFixed(6)} ${one.name}`);
    return {
      what: `the history of id ${id} has no order:\n${lines.join("\n")}`,
      trace: cluster.trace,
    };
  }
  return undefined;
}
