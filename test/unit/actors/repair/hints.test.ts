import { describe, expect, it } from "vitest";
import { DvespError, packBytes, randomFraction } from "../../../../src/base/index.js";
import { decodeHint, encodeHint } from "../../../../src/actors/repair/hint-messages.js";
import { replayHints } from "../../../../src/actors/repair/hint-replay.js";
import { NodeHints } from "../../../../src/actors/repair/node-hints.js";
import { repairLimits } from "../../../../src/actors/repair/limits.js";
import type { WriteMessage } from "../../../../src/actors/replica/messages.js";
import { idsOf } from "../../../../src/actors/repair/versioned-rows.js";
import { HintKeeper } from "../../../support/hint-keeper.js";
import { PlainCluster, idOf } from "../../../support/repair-cluster.js";

const uid = "uid of docs";

/** Node n1 with its hints, and two other nodes. */
class World extends PlainCluster {
  readonly events: { readonly type: string; readonly [detail: string]: unknown }[] = [];
  readonly keeper = new HintKeeper(this.clock, (event) => void this.events.push(event));
  hints!: NodeHints;
  uid = uid;

  static async open(seed = 1): Promise<World> {
    const world = new World(["n1", "n2", "n3"], seed);
    await world.start();
    return world;
  }

  async start(): Promise<void> {
    await this.keeper.start();
    this.hints = new NodeHints({
      clock: this.clock,
      limits: { ...repairLimits, askMs: 500 },
      keeper: this.keeper.ref,
      isAlive: (node) => !this.down.has(node),
      holdsNothing: (node) => !this.shard.replicas.some((one) => one.node === node),
      shardOf: (hint) => (hint.uid === this.uid ? this.shardOf("n1") : undefined),
      emit: (event) => void this.events.push(event),
    });
    await this.hints.start();
  }

  /** A write that a node missed. */
  miss(node: string, n: number): WriteMessage {
    const write = this.write(n);
    this.hints.of("docs", uid).missed(node, 0, write);
    return write;
  }

  write(n: number): WriteMessage {
    return {
      type: "write",
      operation_id: `o${n}`,
      version: this.stamp(),
      replicated: { rule: "late", epoch: 0 },
      write: {
        kind: "insert",
        ids: idsOf([idOf(n)]),
        vectors: Float32Array.of(n, 1),
        metadata: packBytes([Buffer.from(`row ${n}`)]),
      },
    };
  }

  lateOf(node: string): string[] {
    return this.replica(node).late.map(({ operation_id }) => operation_id);
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("hints", () => {
  it("are replayed as late writes by the newest map when the node is back", async () => {
    const world = await World.open();
    world.down.add("n2");
    world.shard = { ...world.shard, epoch: 5 };
    world.replica("n2").epoch = 5;
    const write = world.miss("n2", 1);
    await world.clock.advance(10_000);
    expect(world.lateOf("n2")).toEqual([]);
    world.down.delete("n2");
    await world.clock.advance(2000);
    const [late] = world.replica("n2").late;
    expect(late).toMatchObject({ ...write, replicated: { rule: "late", epoch: 5 } });
    expect(world.events.at(-1)).toMatchObject({ type: "hints_replayed", node: "n2", replayed: 1 });
    await world.clock.advance(60_000);
    expect(world.lateOf("n2")).toEqual(["o1"]);
    await world.hints.stop();
  });

  it("come in order, each once they are confirmed, whatever is lost on the way", async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = await World.open(seed);
      world.down.add("n2");
      for (const n of numbers(300)) world.miss("n2", n);
      await world.clock.advance(5000);
      world.loss = 0.005;
      world.down.delete("n2");
      for (let step = 0; step < 60; step++) {
        if (randomFraction(world.random) < 0.2) world.down.add("n2");
        else world.down.delete("n2");
        await world.clock.advance(1000);
      }
      world.down.clear();
      world.loss = 0;
      await world.clock.advance(10_000);
      const late = world.lateOf("n2");
      const firsts = [...new Set(late)];
      expect(firsts, `seed ${seed}`).toHaveLength(300);
      expect(world.replica("n2").live().length, `seed ${seed}`).toBe(300);
      await world.hints.stop();
    }
  });

  it("arrive in the order in which they were missed", async () => {
    const world = await World.open();
    world.latencyMs = 0;
    for (const n of numbers(200)) world.miss("n3", n);
    await world.clock.advance(3000);
    expect(world.lateOf("n3")).toEqual(numbers(200).map((n) => `o${n}`));
    await world.hints.stop();
  });

  it("are forgotten when their node was taken out", async () => {
    const world = await World.open();
    world.down.add("n2");
    world.miss("n2", 1);
    await world.clock.advance(5000);
    expect(await world.keeper.ref.ask({ type: "nodes" }, { timeout_ms: 100 })).toMatchObject({
      value: ["n2"],
    });
    const replicas = world.shard.replicas.filter(({ node }) => node !== "n2");
    world.shard = { ...world.shard, replicas };
    await world.clock.advance(5000);
    expect(await world.keeper.ref.ask({ type: "nodes" }, { timeout_ms: 100 })).toMatchObject({
      value: [],
    });
    expect(world.lateOf("n2")).toEqual([]);
    await world.hints.stop();
  });

  it("survive the end of the node that keeps them", async () => {
    const world = await World.open();
    world.down.add("n2");
    for (const n of numbers(5)) world.miss("n2", n);
    await world.clock.advance(1000);
    await world.hints.stop();
    world.keeper.end();
    await world.start();
    world.down.delete("n2");
    await world.clock.advance(3000);
    expect(world.lateOf("n2")).toHaveLength(5);
    await world.hints.stop();
  });

  it("wait for the keeper to be there again", async () => {
    const world = await World.open();
    world.miss("n2", 1);
    world.down.add("n2");
    await world.clock.advance(500);
    world.keeper.end();
    world.down.delete("n2");
    await world.clock.advance(3000);
    expect(world.lateOf("n2")).toEqual([]);
    await world.keeper.start();
    await world.clock.advance(3000);
    expect(world.lateOf("n2")).toEqual(["o1"]);
    await world.hints.stop();
  });

  it("are lost with an event when there is no room, and nothing else is", async () => {
    const world = await World.open();
    world.down.add("n2");
    world.keeper.tables.failNextCommit(new DvespError("STORAGE_FULL", "full"));
    world.miss("n2", 1);
    await world.clock.advance(100);
    expect(world.events).toEqual([{ type: "hints_lost", hints: 1 }]);
    world.miss("n2", 2);
    await world.clock.advance(100);
    world.down.delete("n2");
    await world.clock.advance(3000);
    expect(world.lateOf("n2")).toEqual(["o2"]);
    await world.hints.stop();
  });

  it("are never replayed when they are too old, or about another collection", async () => {
    const world = await World.open();
    world.down.add("n2");
    world.down.add("n3");
    world.miss("n2", 1);
    world.miss("n3", 2);
    await world.clock.advance(repairLimits.hintMs - 60_000);
    world.uid = "of another";
    world.down.delete("n3");
    await world.clock.advance(3000);
    world.uid = uid;
    await world.clock.advance(70_000);
    world.down.delete("n2");
    await world.clock.advance(3000);
    expect([world.lateOf("n2"), world.lateOf("n3")]).toEqual([[], []]);
    expect(world.events).toContainEqual({ type: "hints_lost", hints: 1 });
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: "hints_replayed", node: "n3", dropped: 1 }),
    );
    await world.hints.stop();
  });

  it("are not replayed when they became too old after they were read", async () => {
    const world = await World.open();
    const hint = { collection: "docs", uid, shard: 0, message: world.write(1) };
    await world.clock.advance(repairLimits.hintMs + 1);
    const batches = [{ hints: [hint], sequences: [1], lost: 0 }];
    const confirmed: number[] = [];
    const count = await replayHints({
      ...{ node: "n2", clock: world.clock, limits: repairLimits },
      shardOf: () => world.shardOf("n1"),
      next: () => Promise.resolve(batches.shift() ?? { hints: [], sequences: [], lost: 0 }),
      confirmed: (sequence) => Promise.resolve(void confirmed.push(sequence)),
    });
    expect(count).toEqual({ replayed: 0, dropped: 1, isDone: true });
    expect([confirmed, world.lateOf("n2")]).toEqual([[1], []]);
  });

  it("are on the disk what they were", () => {
    const vectors = Float32Array.from({ length: 5000 }, (_, n) => n);
    const message = new PlainCluster(["n1"]).stamp();
    const hint = {
      ...{ collection: "docs", uid, shard: 3 },
      message: {
        ...{ type: "write" as const, operation_id: "o", version: message },
        write: {
          kind: "insert" as const,
          ids: new Uint8Array(16),
          vectors,
          metadata: packBytes([]),
        },
      },
    };
    expect(decodeHint(encodeHint(hint))).toEqual(hint);
    expect(() => decodeHint(encodeHint(hint).subarray(0, 100))).toThrow("damaged");
  });
});
