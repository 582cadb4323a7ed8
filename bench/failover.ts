/**
 * How long do callers feel it when a node dies, stands still, loses links, or has no room on its disk?
 * Every round breaks one thing in a cluster of three processes under load, and measures from the fault
 * until writes and reads at QUORUM that begin then have been answered well; then it mends it, and waits
 * until all replicas are alike. Faults take turns, so that a run that is cut short has some of each.
 *
 *   npm run bench:failover -- [--rounds N] [--samples FILE] [--minutes N] [--faults "kill -9,SIGSTOP"]
 *
 * With a file of samples a run goes on where an earlier one ended.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { connect } from "dvesp";
import type { VectorStore } from "dvesp";
import { Samples } from "./failover-samples.js";
import type { Sample } from "./failover-samples.js";
import { FaultyCluster } from "./faulty-cluster.js";
import { machine } from "./figures.js";
import { nodeFaults } from "./node-faults.js";
import type { NodeFault } from "./node-faults.js";

const collection = "failover";
const dimension = 64;
/** Writes and reads that begin at the fault: from different nodes on, so that some meet it first. */
const callsPerRound = 3;
/** Between calls of the load that runs all the time. */
const loadMs = 20;
/** For those who were slow to notice it. */
const afterMs = 200;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    port: { type: "string", default: "7400" },
    samples: { type: "string" },
    minutes: { type: "string", default: "Infinity" },
    faults: { type: "string", default: nodeFaults.map(({ name }) => name).join() },
  },
});

function vector(): Float32Array {
  return Float32Array.from({ length: dimension }, () => Math.random() - 0.5);
}

async function write(store: VectorStore): Promise<void> {
  const id = globalThis.crypto.randomUUID();
  const rows = { collection, ids: [id], vectors: [vector()] };
  const { status } = await store.insert({ ...rows, consistency_level: "QUORUM" });
  if (status !== "success") throw new Error(`a write was ${status}`);
}

async function read(store: VectorStore): Promise<void> {
  const request = { collection, query_vector: vector(), top_k: 10 };
  const { results } = await store.search({ ...request, consistency_level: "QUORUM" });
  if (results.length !== 10) throw new Error(`a search found ${results.length} of 10`);
}

type Call = (store: VectorStore) => Promise<void>;

/** Milliseconds from `start` until `call` was answered well; what went wrong before goes to `errors`. */
async function firstGood(
  call: Call,
  store: VectorStore,
  start: number,
  errors: string[],
): Promise<number> {
  for (;;) {
    try {
      await call(store);
      return performance.now() - start;
    } catch (error) {
      errors.push(String(error));
    }
  }
}

/** Runs until told to stop. */
class Load {
  #stopped = false;
  readonly #done: Promise<void>[];
  #errors: string[] = [];
  #calls = 0;

  constructor(store: VectorStore) {
    this.#done = [this.#run(() => write(store)), this.#run(() => read(store))];
  }

  /** What happened since the last time. */
  take(): Pick<Sample, "load_calls" | "load_errors"> {
    const taken = { load_calls: this.#calls, load_errors: this.#errors };
    this.#calls = 0;
    this.#errors = [];
    return taken;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#done);
  }

  async #run(call: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      this.#calls++;
      await call().catch((error: unknown) => this.#errors.push(String(error)));
      await new Promise((resolve) => setTimeout(resolve, loadMs));
    }
  }
}

async function round(
  cluster: FaultyCluster,
  fault: NodeFault,
  number: number,
  load: Load,
): Promise<Sample> {
  const nodes = cluster.nodes();
  const victim = nodes[(number + nodeFaults.indexOf(fault)) % nodes.length]!;
  const others = nodes.filter(({ id }) => id !== victim.id);
  // Each a client of its own: which node it asks first is chance.
  const clients = Array.from({ length: callsPerRound }, () =>
    connect({ nodes: nodes.map(({ address }) => address) }),
  );
  await Promise.all(clients.map((one) => read(one)));
  load.take();
  const errors: string[] = [];
  const mend = await fault.inject(cluster, victim, others);
  const start = performance.now();
  const all = (call: Call): Promise<number[]> =>
    Promise.all(clients.map((one) => firstGood(call, one, start, errors)));
  const [writes, reads] = await Promise.all([all(write), all(read)]);
  mend();
  const mended = performance.now();
  await Promise.all(clients.map((one) => one.close()));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await cluster.healthy();
  const healthy_ms = performance.now() - mended;
  const [load_average = 0] = loadavg();
  const { name } = fault;
  const measured = { fault: name, round: number, node: victim.id, writes, reads, errors };
  return { ...measured, ...load.take(), healthy_ms, load_average };
}

async function prepare(cluster: FaultyCluster): Promise<VectorStore> {
  const store = connect({ nodes: cluster.nodes().map(({ address }) => address) });
  await store.create_collection({ collection, dimension, replication_factor: 3 });
  for (let rows = 0; rows < 100; rows++) await write(store);
  await cluster.healthy();
  return store;
}

/** Those that are asked for and can be made here; the others are told of. */
function possibleFaults(cluster: FaultyCluster): NodeFault[] {
  const wanted = options.faults.split(",");
  return nodeFaults.filter(({ name, lacking }) => {
    const reason = lacking?.(cluster);
    if (wanted.includes(name) && reason !== undefined) console.log(`left out: ${name}: ${reason}`);
    return wanted.includes(name) && reason === undefined;
  });
}

async function main(): Promise<void> {
  const endMs = performance.now() + Number(options.minutes) * 60_000;
  const samples = new Samples(options.samples);
  const cluster = await FaultyCluster.start(3, Number(options.port));
  try {
    const store = await prepare(cluster);
    const load = new Load(store);
    const faults = possibleFaults(cluster);
    for (let number = 0; number < Number(options.rounds); number++) {
      for (const fault of faults) {
        if (samples.has(fault.name, number) || performance.now() > endMs) continue;
        const sample = await round(cluster, fault, number, load);
        samples.add(sample);
        console.log(JSON.stringify(sample));
      }
    }
    await load.stop();
    await store.close();
  } finally {
    await cluster.stop();
  }
  console.log(`${JSON.stringify(machine())}\n${samples.table()}`);
}

await main();
