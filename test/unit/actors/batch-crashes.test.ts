import { describe, expect, it } from "vitest";
import { VirtualClock, isDvespError, seededRandom } from "../../../src/base/index.js";
import { HybridClock } from "../../../src/consistency/index.js";
import type { PreparedRows } from "../../../src/actors/replica/replication-messages.js";
import { newOperation } from "../../../src/actors/writes/operation.js";
import { writeReplicated } from "../../../src/actors/writes/replicated-writes.js";
import { UndecidedBatches } from "../../../src/actors/writes/undecided-batches.js";
import type { WriteParts } from "../../../src/actors/writes/write-parts.js";
import { dimension, insertOf, packIds } from "../../support/history-world.js";
import { ModelReplica } from "../../support/model-replica.js";
import { ReplicaCluster } from "../../support/replica-cluster.js";

const seed = Number(process.env["SEED"] ?? 5);
const ids = [0, 1, 2];

/** A batch over three shards whose coordinator dies at one of its messages or answers. */
class CrashWorld {
  readonly clock = new VirtualClock();
  cluster!: ReplicaCluster;
  acknowledged = false;
  #steps = 0;

  async open(): Promise<void> {
    this.cluster = await ReplicaCluster.open({
      ...{ seed, clock: this.clock, nodes: 3, shards: 3, replicationFactor: 3, dimension },
      ...{ loss: 0, skewMsMax: 0 },
      make: (_, __, clock) => Promise.resolve(new ModelReplica(() => clock.now(), dimension)),
    });
  }

  partsFor(node: string, isDead: () => boolean): WriteParts {
    const clock = this.cluster.clockOf(node);
    return {
      ...{ clock, random: seededRandom(seed), versions: new HybridClock(clock, node) },
      ...{ access: this.cluster.accessFrom(node, isDead), hints: this.cluster.hintsOf() },
    };
  }

  /** Runs it with a coordinator that dies at step `last`; whether it lived to the end. */
  async run(last: number, lost: string | undefined): Promise<boolean> {
    const parts = this.partsFor("n1", () => ++this.#steps > last);
    const resolvers = this.cluster.nodes.map(
      (node) => new UndecidedBatches(this.partsFor(node, () => false)),
    );
    for (const resolver of resolvers) resolver.start();
    const endMs = this.clock.monotonic() + 1000;
    const operation = newOperation(parts, { level: "QUORUM", endMs });
    void writeReplicated(parts, operation, insertOf(ids, { batch: "b" })).then(
      (end) => {
        this.acknowledged = end !== undefined;
      },
      (error: unknown) => {
        // What a coordinator without answers says at last.
        if (!isDvespError(error) || error.code !== "TIMEOUT") throw error;
      },
    );
    await this.clock.advance(15);
    // One replica of each shard is away while the others decide.
    if (lost !== undefined) this.cluster.crash(lost);
    await this.clock.advance(5000);
    if (lost !== undefined) await this.cluster.start(lost);
    await this.clock.advance(5000);
    for (const resolver of resolvers) resolver.stop();
    return this.#steps <= last;
  }

  /** Which of the rows a replica has now. */
  rowsOn(node: string): number[] {
    return ids.filter((id) => {
      const shard = this.cluster.shards.find(({ id: one }) => one === id % 3)?.id ?? 0;
      const rows = this.cluster.replica(node, shard).receive({
        ...{ type: "prepare", epoch: 1, ids: packIds([id]), contents: false },
        ballot: "ffffffffffff0000.check",
      }) as PreparedRows;
      return rows.live[0] === 1;
    });
  }
}

describe(`a coordinator that dies in the middle of a batch (SEED=${seed})`, () => {
  it.each([undefined, "n1", "n2", "n3"])(
    "leaves all of it or nothing, at whatever point, with %s away",
    async (lost) => {
      const ends = { all: 0, nothing: 0 };
      for (let last = 0; ; last++) {
        const world = new CrashWorld();
        await world.open();
        const lived = await world.run(last, lost);
        if (lived) await world.cluster.replayHints();
        const found = new Map(world.cluster.nodes.map((node) => [node, world.rowsOn(node)]));
        const whole = [...found.values()].filter((rows) => rows.length === ids.length).length;
        const shown = JSON.stringify([last, [...found]]);
        const everywhere = ids.every(
          (id) => [...found.values()].filter((rows) => rows.includes(id)).length >= 2,
        );
        const nowhere = [...found.values()].every((rows) => rows.length === 0);
        expect(everywhere || nowhere, shown).toBe(true);
        if (world.acknowledged) expect(everywhere, shown).toBe(true);
        if (whole > 0) ends.all++;
        else ends.nothing++;
        if (lived) break;
      }
      expect(ends.all).toBeGreaterThan(3);
      expect(ends.nothing).toBeGreaterThan(3);
    },
  );
});
