/**
 * One machine of a simulation: a clock and a disk that outlast the node which runs on it, and that node,
 * life after life.
 */
import type { RepairLimits } from "../../src/actors/index.js";
import { isDvespError, sleep } from "../../src/base/index.js";
import type { Clock, MemoryNetwork, Random } from "../../src/base/index.js";
import { demandLimits } from "../../src/actors/index.js";
import { EmbeddedStore } from "../../src/node/embedded-store.js";
import { Node } from "../../src/node/node.js";
import type { NodeOptions } from "../../src/node/node-options.js";
import type { VectorStore } from "../../src/protocol/index.js";
import type { Loader } from "../../src/runtime/index.js";
import { MemoryStorage } from "../../src/storage/index.js";
import type { CommitPoint } from "../../src/storage/index.js";
import type { Endpoint } from "./client.js";
import type { DriftingClock } from "./drifting-clock.js";
import { Life } from "./life.js";

export interface MachineParts {
  readonly name: string;
  readonly clock: DriftingClock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly load: Loader;
  readonly storage: MemoryStorage;
  readonly repair?: RepairLimits;
  /** The cluster that its node belongs to; default: it is alone. */
  readonly cluster?: NodeOptions["cluster"];
  /** Splits of shards with more rows than this are tried all the time; default: none are. */
  readonly splitRows?: number | undefined;
  /** How long a cut leaves writes alone that are under way; default 20 ms. */
  readonly cutGraceMs?: number | undefined;
  /** Told when a shard was split. */
  readonly onSplit?: () => void;
  /** Told of both sides of every commit of its replicas. */
  readonly onCommit?: (machine: Machine, point: CommitPoint) => void;
  /** Told of every start that failed. */
  readonly onFailedStart?: (error: unknown) => void;
}

/** A node that serves. */
export interface Running {
  readonly life: Life;
  readonly node: Node;
  readonly store: VectorStore;
}

const path = "/data";
/** Splits are a matter of seconds here, and there are never many shards. */
const splits = {
  ...{ shardsMax: 12, countMs: 100, lookMs: 100, restMs: 1000, perStep: 3, graceMs: 20 },
};
const startAgainMs = 200;
/** Of the machine's processes; one, and always the same. */
const pid = 1;

export class Machine {
  readonly #parts: MachineParts;
  #storage: MemoryStorage;
  /** Whether a fault that is not mended yet has it. */
  isTroubled = false;
  #life: Life | undefined;
  #running: Running | undefined;
  #isRetired = false;
  #endStart: () => void = () => undefined;
  /** Resolves when it is retired: whatever starts then never ends. */
  readonly #retired = new Promise<undefined>(
    (resolve) => (this.#endStart = () => resolve(undefined)),
  );

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.#storage = this.#watched(parts.storage);
  }

  get storage(): MemoryStorage {
    return this.#storage;
  }

  get name(): string {
    return this.#parts.name;
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  /** The node that serves; undefined while there is none. */
  get running(): Running | undefined {
    return this.#running;
  }

  /** Starts a node on what is on the disk, again as long as that fails. */
  async start(): Promise<void> {
    while (!this.#hasRetired()) {
      const life = new Life({ ...this.#parts, storage: this.#storage });
      this.#life = life;
      try {
        const node = await Promise.race([this.#open(life), this.#retired]);
        if (!node) return;
        const { registry, system } = node;
        const close = (): Promise<void> => node.close();
        const store = new EmbeddedStore({ registry, random: system.random, close });
        this.#running = { life, node, store };
        return;
      } catch (error) {
        if (!isDvespError(error)) throw error;
        this.#parts.onFailedStart?.(error);
        life.end();
        await sleep(this.#parts.clock, startAgainMs);
      }
    }
  }

  /** The power fails: what was not synced is lost, or torn. */
  cutPower(): void {
    this.kill();
    this.#storage = this.#watched(this.#storage.crash(this.#parts.random));
  }

  /** Its disk is lost: the next life begins with an empty one. */
  loseDisk(): void {
    this.kill();
    this.#storage = this.#watched(new MemoryStorage());
  }

  /** The process ends at once; what it has written stays. */
  kill(): void {
    this.#life?.end();
    this.#life = undefined;
    this.#running = undefined;
  }

  /** It belongs to the cluster no more: its node is stopped in good order, and none is started again. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await this.#running?.store.close();
    this.kill();
    this.#endStart();
  }

  /** Nothing runs until `resume`, but time goes on. */
  stop(): void {
    this.#life?.pause();
  }

  resume(): void {
    this.#life?.resume();
  }

  /** Its wall clock shows so much more than true time from now on. */
  setClock(aheadMs: number): void {
    this.#parts.clock.set(aheadMs);
  }

  #hasRetired(): boolean {
    return this.#isRetired;
  }

  #watched(storage: MemoryStorage): MemoryStorage {
    const { onCommit } = this.#parts;
    if (onCommit) storage.tables.onCommit = (point) => onCommit(this, point);
    return storage;
  }

  async #open(life: Life): Promise<Node> {
    const { name, cluster, splitRows: split_rows, onSplit, cutGraceMs } = this.#parts;
    const graceMs = cutGraceMs ?? splits.graceMs;
    const tuning = { demand: demandLimits, shards: 1, splits: { ...splits, graceMs } };
    const options = { path, threads: 1, build_threads: 1, test_hooks: true, cluster, split_rows };
    const node = await Node.open(options, tuning, life.environment);
    node.events.listen(({ type }) => {
      if (type === "shard_split_finished") onSplit?.();
    });
    await node.standing.announce(`${name}:client`, pid);
    return node;
  }
}

export function endpointOf(machine: Machine): Endpoint {
  return {
    name: machine.name,
    store: () => machine.running?.store,
    whenRunning: (action) => void machine.running?.life.clock.after(0, action),
  };
}
