/**
 * How long do callers feel it when a node dies, stands still, or loses a link? Every round breaks one
 * thing in a cluster of three processes under load, and measures from the fault until writes and reads at
 * QUORUM that begin then have been answered well; then it mends it, and waits until all replicas are alike.
 *
 *   npm run bench:failover -- [--rounds N] [--json FILE]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { connect } from "dvesp";
import type { VectorStore } from "dvesp";
import { FaultyCluster } from "./faulty-cluster.js";
import type { FaultyNode } from "./faulty-cluster.js";
import { machine, percentile, printTable } from "./figures.js";
import type { Figure } from "./figures.js";

const collection = "failover";
const dimension = 64;
/** Writes and reads that begin at the fault: from different nodes on, so that some meet it first. */
const callsPerRound = 3;
/** Between calls of the load that runs all the time. */
const loadMs = 20;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    port: { type: "string", default: "7400" },
    json: { type: "string" },
  },
});

interface Fault {
  readonly name: string;
  /** Breaks something about `victim`; how to mend it. */
  readonly inject: (
    cluster: FaultyCluster,
    victim: FaultyNode,
    others: readonly FaultyNode[],
  ) => () => void;
}

const faults: readonly Fault[] = [
  {
    name: "kill -9",
    inject: (_, { pid }) => {
      process.kill(pid, "SIGKILL");
      return () => undefined;
    },
  },
  {
    name: "SIGSTOP",
    inject: (_, { pid }) => {
      process.kill(pid, "SIGSTOP");
      return () => process.kill(pid, "SIGCONT");
    },
  },
  {
    name: "a cut link",
    inject: (cluster, victim, [other]) => breakLink(cluster, victim, other!, "cut"),
  },
  {
    name: "a silent link",
    inject: (cluster, victim, [other]) => breakLink(cluster, victim, other!, "silent"),
  },
  {
    name: "a node cut off",
    inject: (cluster, victim, others) => {
      const mends = others.map((other) => breakLink(cluster, victim, other, "cut"));
      return () => mends.forEach((mend) => mend());
    },
  },
];

function breakLink(
  cluster: FaultyCluster,
  one: FaultyNode,
  other: FaultyNode,
  state: "cut" | "silent",
): () => void {
  cluster.setLink(one.id, other.id, state);
  return () => cluster.setLink(one.id, other.id, "open");
}

function vector(): Float32Array {
  return Float32Array.from({ length: dimension }, () => Math.random() - 0.5);
}

function write(store: VectorStore): Promise<unknown> {
  const id = globalThis.crypto.randomUUID();
  return store
    .insert({ collection, ids: [id], vectors: [vector()], consistency_level: "QUORUM" })
    .then(({ status }) => {
      if (status !== "success") throw new Error(`a write was ${status}`);
    });
}

function read(store: VectorStore): Promise<unknown> {
  const request = { collection, query_vector: vector(), top_k: 10 };
  return store.search({ ...request, consistency_level: "QUORUM" });
}

async function since(start: number, call: Promise<unknown>): Promise<number> {
  await call;
  return performance.now() - start;
}

interface Times {
  readonly writes: number[];
  readonly reads: number[];
}

/** Runs until told to stop; what went wrong meanwhile is counted. */
class Load {
  #stopped = false;
  readonly #done: Promise<void>[];
  errors = 0;
  calls = 0;

  constructor(store: VectorStore) {
    this.#done = [this.#run(() => write(store)), this.#run(() => read(store))];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#done);
  }

  async #run(call: () => Promise<unknown>): Promise<void> {
    while (!this.#stopped) {
      this.calls++;
      await call().catch((error: unknown) => {
        this.errors++;
        process.stderr.write(`${String(error)}\n`);
      });
      await new Promise((resolve) => setTimeout(resolve, loadMs));
    }
  }
}

async function round(cluster: FaultyCluster, fault: Fault, number: number): Promise<Times> {
  const nodes = cluster.nodes();
  const victim = nodes[number % nodes.length]!;
  const others = nodes.filter(({ id }) => id !== victim.id);
  // Each a client of its own: which node it asks first is chance.
  const clients = Array.from({ length: callsPerRound }, () =>
    connect({ nodes: nodes.map(({ address }) => address) }),
  );
  await Promise.all(clients.map((one) => read(one)));
  const start = performance.now();
  const mend = fault.inject(cluster, victim, others);
  try {
    const writes = Promise.all(clients.map((one) => since(start, write(one))));
    const reads = Promise.all(clients.map((one) => since(start, read(one))));
    return { writes: await writes, reads: await reads };
  } finally {
    mend();
    await Promise.all(clients.map((one) => one.close()));
  }
}

async function measure(cluster: FaultyCluster, fault: Fault, rounds: number): Promise<Figure[]> {
  const writes: number[] = [];
  const reads: number[] = [];
  const store = connect({ nodes: cluster.nodes().map(({ address }) => address) });
  const load = new Load(store);
  for (let number = 0; number < rounds; number++) {
    const times = await round(cluster, fault, number);
    writes.push(...times.writes);
    reads.push(...times.reads);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await cluster.healthy();
  }
  await load.stop();
  await store.close();
  const of = (what: string, times: readonly number[]): Figure[] => [
    { what: `${fault.name}: ${what} answered, p50`, value: percentile(times, 0.5), unit: "ms" },
    { what: `${fault.name}: ${what} answered, p99`, value: percentile(times, 0.99), unit: "ms" },
    { what: `${fault.name}: ${what} answered, worst`, value: Math.max(...times), unit: "ms" },
  ];
  const failed = {
    what: `${fault.name}: errors of ${load.calls} calls`,
    value: load.errors,
    unit: "",
  };
  return [...of("write", writes), ...of("read", reads), failed];
}

async function main(): Promise<void> {
  const cluster = await FaultyCluster.start(3, Number(options.port));
  const figures: Figure[] = [];
  try {
    const [first] = cluster.nodes();
    const store = connect({ nodes: [first!.address] });
    await store.create_collection({ collection, dimension, replication_factor: 3 });
    for (let rows = 0; rows < 100; rows++) await write(store);
    await store.close();
    await cluster.healthy();
    for (const fault of faults) {
      const measured = await measure(cluster, fault, Number(options.rounds));
      printTable(measured);
      figures.push(...measured);
    }
  } finally {
    await cluster.stop();
  }
  const result = { machine: machine(), rounds: Number(options.rounds), figures };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(result, null, 2));
}

await main();
