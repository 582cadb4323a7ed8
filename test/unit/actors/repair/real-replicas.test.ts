/** Repair of replicas as they are: storage, Merkle tree, promises and all, on disks in memory. */
import { afterEach, describe, expect, it } from "vitest";
import { DvespError, randomBelow, randomFraction } from "../../../../src/base/index.js";
import { makeVersion } from "../../../../src/consistency/index.js";
import type { PackedWrite } from "../../../../src/actors/replica/messages.js";
import type { VersionedRows } from "../../../../src/actors/replica/replication-messages.js";
import type { ReplicaQuestion } from "../../../../src/actors/replica/answer-message.js";
import { idName } from "../../../../src/actors/repair/versioned-rows.js";
import { pick } from "../../../support/repair-cluster.js";
import { RepairWorld } from "../../../support/repair-world.js";
import { SharedRows } from "../../../../src/index/index.js";
import {
  ReplicaWorld,
  deleteOf,
  dimension,
  expectWhole,
  insertOf,
} from "../../../support/replica-world.js";

const nodes = ["n1", "n2", "n3"];
const soonMs = 20_000;

interface RowsMessage {
  readonly type: "rows";
  readonly ids: Uint8Array;
}

class RealWorld extends RepairWorld {
  /** A node that can give no row whole. */
  broken = "";
  readonly worlds = new Map<string, ReplicaWorld>();
  /** The largest version that each id was given anywhere. */
  readonly newest = new Map<number, { readonly version: string; readonly lives: boolean }>();
  #writes = 0;

  static async open(seed: number): Promise<RealWorld> {
    const world = new RealWorld(nodes, seed, { graceMs: 100, entriesPerStep: 16 });
    for (const node of nodes) await world.openReplica(node);
    return world;
  }

  async openReplica(node: string): Promise<void> {
    this.worlds.set(node, await ReplicaWorld.open({ clock: this.clock, node }));
  }

  real(node: string): ReplicaWorld {
    return this.worlds.get(node)!;
  }

  /** A write stamped now that comes to some of the nodes. */
  async write(write: PackedWrite, ns: readonly number[], to: readonly string[]): Promise<void> {
    const version = makeVersion(this.clock.now(), ++this.#writes, "n1");
    const message = this.real("n1").message(write, {
      ...{ operation_id: `w${this.#writes}`, version },
      replicated: { rule: "late", epoch: this.shard.epoch },
    });
    const lives = write.kind === "insert";
    for (const n of ns) this.newest.set(n, { version, lives });
    await Promise.all(to.map((node) => this.real(node).replica.write(message)));
  }

  realRoots(): string[] {
    return nodes.map((node) => this.real(node).replica.status().root);
  }

  get areAlike(): boolean {
    return new Set(this.realRoots()).size === 1;
  }

  /** Every id is on the node what it was made last. */
  expectNewest(node: string): void {
    const ns = [...this.newest.keys()];
    const held = this.real(node).versioned(ns);
    ns.forEach((n, index) => {
      const { version, lives } = this.newest.get(n)!;
      expect([held.versions[index], held.live[index]]).toEqual([version, lives ? 1 : 0]);
    });
    expectWhole(this.real(node));
  }

  protected override answer(node: string, message: { type: string }): Promise<unknown> {
    const real = this.real(node);
    if (message.type !== "rows") return real.ask(message as ReplicaQuestion);
    const { ids } = message as RowsMessage;
    if (node === this.broken) return Promise.reject(new DvespError("DATA_CORRUPTED", "damaged"));
    return Promise.resolve(real.versioned(numbersOf(ids)) satisfies VersionedRows);
  }
}

function numbersOf(ids: Uint8Array): number[] {
  return Array.from({ length: ids.length / 16 }, (_, index) =>
    Buffer.from(idName(ids, index), "latin1").readUInt32BE(12),
  );
}

describe("the repair of real replicas", () => {
  let world: RealWorld;
  afterEach(() => world.stop());

  it("makes them equal after any history of missed writes", async () => {
    for (let seed = 1; seed <= 5; seed++) {
      world = await RealWorld.open(seed);
      const { random } = world;
      for (let step = 0; step < 25; step++) {
        const ns = [...new Set([1, 2, 3].map(() => randomBelow(random, 25)))];
        const to = nodes.filter(() => randomFraction(random) < 0.6);
        const write = randomFraction(random) < 0.7 ? insertOf(ns) : deleteOf(ns);
        await world.write(write, ns, to.length > 0 ? to : [pick(random, nodes)]);
        await world.clock.advance(randomBelow(random, 200));
        if (step === 10) world.start();
      }
      await world.until(() => world.areAlike, soonMs);
      for (const node of nodes) world.expectNewest(node);
      await world.stop();
    }
  });

  it("puts damaged rows right where they lie, in memory and on the disk", async () => {
    world = await RealWorld.open(3);
    const ns = Array.from({ length: 300 }, (_, n) => n);
    await world.write(insertOf(ns), ns, nodes);
    const real = world.real("n2");
    await real.replica.close();
    for (const [file, row] of [
      ["vectors-0000000000.f32", 7],
      ["vectors-0000000200.f32", 90],
    ] as const) {
      const open = await real.disk.open(`/s/${file}`, "write");
      await open.write(new Uint8Array(Float32Array.of(99).buffer), 4096 + 16 * row);
      await open.close();
    }
    expect(await real.problems()).toHaveLength(2);
    real.rows = SharedRows.create({ dimension });
    await real.start();
    expect(() => real.versioned([7])).toThrow("checksum");
    world.broken = "n1";
    world.start();
    await world.until(() => world.eventsOf("rows_damaged").length === 2, soonMs);
    await world.clock.advance(1000);
    expect(world.areAlike).toBe(true);
    world.expectNewest("n2");
    expect(world.eventsOf("rows_damaged")).toMatchObject([
      { node: "n2", rows: 1 },
      { node: "n2", rows: 1 },
    ]);
    await real.replica.close();
    expect(await real.problems()).toEqual([]);
    await real.start();
  });

  it("fills one that lost all, which then takes nothing that it may have refused before", async () => {
    world = await RealWorld.open(7);
    const ns = Array.from({ length: 120 }, (_, n) => n);
    await world.write(insertOf(ns), ns, nodes);
    await world.write(deleteOf([5, 6]), [5, 6], nodes);
    const key = "batch/o";
    const ballot = makeVersion(world.clock.now() + 5000, 0, "n2");
    const expires_ms = world.clock.now() + 1e6;
    for (const node of ["n2", "n3"]) {
      const epoch = world.shard.epoch;
      await world.real(node).ask({ type: "register_prepare", epoch, key, ballot });
      const value = Uint8Array.of(1);
      await world
        .real(node)
        .ask({ type: "register_accept", epoch, key, ballot, value, expires_ms });
    }
    await world.clock.advance(1000);
    await world.openReplica("n3");
    world.changeState("n3", "recovering");
    world.start();
    await world.until(() => world.stateOf("n3") === "active", soonMs);
    expect(world.areAlike).toBe(true);
    world.expectNewest("n3");
    const kept = await world.real("n3").ask({ type: "registers", after: "", limit: 9 });
    expect(kept).toMatchObject([{ key, accepted: { ballot } }]);
    const { epoch } = world.shard;
    const older = { type: "register_prepare", epoch, key: "batch/p", ballot } as const;
    expect(await world.real("n3").ask(older)).toMatchObject({ promised: false });
    const stale = world.real("n1").replicated(insertOf([1]), 1);
    for (const node of ["n1", "n2"]) {
      expect(await world.real(node).replica.write(stale)).toMatchObject({ refused: "stale" });
    }
  });
});
