/** Hints, anti-entropy and the dropping of tombstones together, by limits of seconds instead of hours. */
import { describe, expect, it } from "vitest";
import { packBytes, randomBelow, randomFraction } from "../../../../src/base/index.js";
import { NodeHints } from "../../../../src/actors/repair/node-hints.js";
import { idsOf } from "../../../../src/actors/repair/versioned-rows.js";
import type { WriteMessage } from "../../../../src/actors/replica/messages.js";
import { HintKeeper } from "../../../support/hint-keeper.js";
import { idOf } from "../../../support/repair-cluster.js";
import { RepairWorld } from "../../../support/repair-world.js";

const nodes = ["n1", "n2", "n3"];
const limits = { underWayMs: 4000, hintMs: 20_000, dropEveryMs: 2000, graceMs: 200 };

class World extends RepairWorld {
  readonly keeper = new HintKeeper(
    this.clock,
    (event) => void this.events.push(event),
    this.limits.hintMs,
  );
  readonly newest = new Map<string, { readonly version: string; readonly lives: boolean }>();
  hints!: NodeHints;
  #count = 0;

  static async open(seed: number): Promise<World> {
    const world = new World(nodes, seed, limits);
    await world.keeper.start();
    world.hints = new NodeHints({
      clock: world.clock,
      limits: world.limits,
      keeper: world.keeper.ref,
      isAlive: (node) => !world.down.has(node),
      holdsNothing: () => false,
      shardOf: () => world.shardOf("n1"),
      emit: (event) => void world.events.push(event),
    });
    world.start();
    await world.hints.start();
    return world;
  }

  /** A write of some row to some of the nodes, at once; the others get hints, late or never. */
  write(): void {
    const { random } = this;
    const n = randomBelow(random, 12);
    const lives = randomFraction(random) < 0.5;
    const message = this.#message(n, lives);
    this.newest.set(idOf(n), { version: message.version, lives });
    const reached = nodes.filter((node) => !this.down.has(node) && randomFraction(random) < 0.6);
    if (reached.length === 0) reached.push("n1");
    for (const node of nodes) {
      if (reached.includes(node)) this.replica(node).handle(message);
      else if (randomFraction(random) < 0.7) this.hints.of("docs", "uid").missed(node, 0, message);
    }
  }

  #message(n: number, lives: boolean): WriteMessage {
    const ids = idsOf([idOf(n)]);
    const metadata = packBytes([Buffer.from(`row ${n}`)]);
    const vectors = Float32Array.of(n, 1);
    return {
      ...{ type: "write", operation_id: `o${this.#count++}` },
      version: this.stamp(),
      write: lives ? { kind: "insert", ids, vectors, metadata } : { kind: "delete", ids },
      replicated: { rule: "late", epoch: 1 },
    };
  }
}

describe("hints, anti-entropy and dropped tombstones", () => {
  it("never bring back a row that was deleted, nor lose one that was not", async () => {
    let dropped = 0;
    let replayed = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const world = await World.open(seed);
      const { random } = world;
      for (let step = 0; step < 150; step++) {
        if (randomFraction(random) < 0.4) world.write();
        const node = nodes[1 + randomBelow(random, 2)]!;
        if (randomFraction(random) < 0.05) world.down.add(node);
        else if (randomFraction(random) < 0.1) world.down.delete(node);
        await world.clock.advance(randomBelow(random, 1500));
      }
      world.down.clear();
      await world.clock.advance(60_000);
      const lives = [...world.newest].flatMap(([id, row]) => (row.lives ? [id] : [])).sort();
      for (const node of nodes) {
        expect(world.replica(node).live(), `seed ${seed}, ${node}`).toEqual(lives);
        expect(world.replica(node).tombstones(), `seed ${seed}, ${node}`).toEqual([]);
      }
      dropped += world.newest.size - lives.length;
      for (const event of world.eventsOf("hints_replayed")) replayed += Number(event["replayed"]);
      await world.hints.stop();
      await world.stop();
    }
    expect(dropped).toBeGreaterThan(20);
    expect(replayed).toBeGreaterThan(80);
  });
});
