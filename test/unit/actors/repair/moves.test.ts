import { describe, expect, it } from "vitest";
import { packBytes, randomBelow, randomFraction } from "../../../../src/base/index.js";
import { hashEnd, majorityOf, placeShard } from "../../../../src/cluster/index.js";
import type { ShardPlaces } from "../../../../src/cluster/index.js";
import { decideMove, withJoining, without } from "../../../../src/actors/repair/decide-move.js";
import type { MoveFacts } from "../../../../src/actors/repair/decide-move.js";
import { Moves } from "../../../../src/actors/repair/moves.js";
import { Throttle } from "../../../../src/actors/repair/throttle.js";
import { idsOf } from "../../../../src/actors/repair/versioned-rows.js";
import type { WriteMessage } from "../../../../src/actors/replica/messages.js";
import { PlainReplica } from "../../../support/repair-replica.js";
import { idOf, placeOf } from "../../../support/repair-cluster.js";
import { RepairWorld } from "../../../support/repair-world.js";

const collection = "docs";

function shardOn(nodes: readonly string[]): ShardPlaces {
  const replicas = nodes.map((node) => placeOf(node, "active"));
  return { id: 0, from: 0, to: hashEnd, epoch: 1, replicas };
}

function factsOf(shard: ShardPlaces, places: readonly string[]): MoveFacts {
  return { collection, replication_factor: 3, shard, places, isAlive: () => true };
}

/** The shard as it is when no move is left, with each replica filled at once. */
function settled(
  shard: ShardPlaces,
  places: readonly string[],
): { shard: ShardPlaces; log: string[] } {
  const log: string[] = [];
  let now = shard;
  for (let step = 0; step < 30; step++) {
    const move = decideMove(factsOf(now, places));
    if (!move) return { shard: now, log };
    log.push(move.type);
    const next =
      move.type === "add" ? withJoining(now, move.node) : without(now, move.node, now.epoch);
    const replicas = next!.replicas.map((one) => ({ ...one, state: "active" as const }));
    now = { ...next!, replicas };
    expect(now.replicas.length).toBeGreaterThanOrEqual(3);
    expect(now.replicas.length).toBeLessThanOrEqual(4);
  }
  throw new Error("moves without end");
}

const nodesOf = ({ replicas }: ShardPlaces): string[] => replicas.map(({ node }) => node).sort();

describe("decideMove", () => {
  const six = ["n1", "n2", "n3", "n4", "n5", "n6"];

  it("brings any shard to where it is wanted, one replica at a time", () => {
    for (let seed = 0; seed < 40; seed++) {
      const places = six.filter((_, index) => (seed >> index) % 2 === 0 || index < 3);
      const { shard, log } = settled(shardOn(["n4", "n5", "n6"]), places);
      expect(nodesOf(shard)).toEqual(placeShard(collection, 0, places, 3).sort());
      log.forEach((type, index) => expect(type).toBe(index % 2 === 0 ? "add" : "retire"));
    }
  });

  it("does nothing where all is as wanted, or the nodes are too few", () => {
    const wanted = placeShard(collection, 0, six, 3);
    expect(decideMove(factsOf(shardOn(wanted), six))).toBeUndefined();
    expect(decideMove(factsOf(shardOn(["n1", "n2", "n3"]), ["n1", "n2"]))).toBeUndefined();
  });

  it("waits while a replica is being filled, and takes none that is not wanted any more", () => {
    const [first, second, third, fourth] = placeShard(collection, 0, six, 4);
    const shard = shardOn([first!, second!, fourth!]);
    const joining = { ...shard, replicas: [...shard.replicas, placeOf(third!, "joining")] };
    expect(decideMove(factsOf(joining, six))).toBeUndefined();
    const places = six.filter((node) => node !== third);
    expect(decideMove(factsOf(joining, places))).toMatchObject({ type: "withdraw", node: third });
    const hurt = {
      ...shard,
      replicas: [placeOf(first!, "recovering"), ...shard.replicas.slice(1)],
    };
    expect(decideMove(factsOf(hurt, six))).toBeUndefined();
  });

  it("adds nothing on a node that does not run", () => {
    const [first, second, third, fourth] = placeShard(collection, 0, six, 4);
    const facts = factsOf(shardOn([first!, second!, fourth!]), six);
    expect(decideMove(facts)).toMatchObject({ type: "add", node: third });
    expect(decideMove({ ...facts, isAlive: (node) => node !== third })).toBeUndefined();
  });
});

/** Writers that are slow, by maps that may be old; what they acknowledged. */
class Writers {
  readonly acknowledged = new Map<string, string>();
  readonly #world: RepairWorld;
  readonly #maps: ShardPlaces[] = [];
  #count = 0;

  constructor(world: RepairWorld) {
    this.#world = world;
  }

  /** One write at a majority, by the map of now or of up to twenty writes ago. */
  write(): void {
    const { shard, clock, random } = this.#world;
    this.#maps.push(shard);
    const map = this.#maps[Math.max(0, this.#maps.length - 1 - randomBelow(random, 20))]!;
    const n = this.#count++;
    const message = messageOf(n, this.#world.stamp(), map.epoch);
    let acknowledged = 0;
    for (const { node, state } of map.replicas) {
      if (randomFraction(random) < 0.25) continue;
      clock.after(randomBelow(random, 2500), () => {
        const reply = this.#world.replica(node).handle(message) as object;
        if ("refused" in reply || state !== "active") return;
        if (++acknowledged === majorityOf(map)) this.acknowledged.set(idOf(n), message.version);
      });
    }
  }

  /** Acknowledged writes that a read of some majority would miss. */
  missed(): string[] {
    const { shard } = this.#world;
    const counted = shard.replicas.filter(({ state }) => state === "active");
    const members = shard.replicas.filter(({ state }) => state !== "joining").length;
    const needed = members - majorityOf(shard) + 1;
    return [...this.acknowledged].flatMap(([id, version]) => {
      const holders = counted.filter(({ node }) => {
        const row = this.#world.replica(node).rows.get(id);
        return row !== undefined && row.version >= version;
      });
      return holders.length >= needed ? [] : [id];
    });
  }
}

function messageOf(n: number, version: string, epoch: number): WriteMessage {
  return {
    ...{ type: "write", operation_id: `o${n}`, version },
    replicated: { rule: "ordered", epoch },
    write: {
      kind: "insert",
      ids: idsOf([idOf(n)]),
      vectors: Float32Array.of(n, 1),
      metadata: packBytes([Buffer.from(`row ${n}`)]),
    },
  };
}

/** Nodes n1 to n3 have the shard; n9 is new, and what it drives nobody else does. */
function movingWorld(seed: number, places: readonly string[]) {
  const world = new RepairWorld(["n1", "n2", "n3"], seed, { graceMs: 100 });
  world.replicas.set("n9", new PlainReplica());
  const { clock, limits, events } = world;
  const moves = new Moves({
    ...{ clock, limits },
    throttle: new Throttle(clock, limits.bytesPerSecond),
    emit: (event) => void events.push(event),
    view: world.view("n1"),
    places: () => places,
    access: () => world.access("n1"),
  });
  return { world, moves };
}

describe("moving a replica", () => {
  it("fills the new one, has the old one hand over, and takes it out", async () => {
    const { world, moves } = movingWorld(1, ["n1", "n3", "n9"]);
    for (let n = 0; n < 40; n++) world.put(n, ["n1", "n2", "n3"]);
    world.put(77, ["n2"]);
    world.start("n9");
    moves.start();
    await world.until(() => nodesOf(world.shard).join() === "n1,n3,n9", 60_000);
    expect(world.shard.replicas.every(({ state }) => state === "active")).toBe(true);
    expect(world.areEqual).toBe(true);
    expect(world.replica("n9").rows.size).toBe(41);
    expect(world.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["replica_added", "replica_retired"]),
    );
    moves.stop();
    await world.stop();
  });

  it("loses nothing that a majority acknowledged, by whatever map it was sent", async () => {
    let acknowledged = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const { world, moves } = movingWorld(seed, ["n1", "n3", "n9"]);
      const writers = new Writers(world);
      world.loss = 0.02;
      world.start("n9");
      moves.start();
      const isMoved = (): boolean => nodesOf(world.shard).join() === "n1,n3,n9";
      for (let step = 0; step < 1500 && !isMoved(); step++) {
        writers.write();
        await world.clock.advance(100);
        expect(writers.missed(), `seed ${seed}, step ${step}`).toEqual([]);
      }
      expect(isMoved(), `seed ${seed}`).toBe(true);
      for (let step = 0; step < 60; step++) {
        await world.clock.advance(100);
        expect(writers.missed(), `seed ${seed}, after it`).toEqual([]);
      }
      acknowledged += writers.acknowledged.size;
      moves.stop();
      await world.stop();
    }
    expect(acknowledged).toBeGreaterThan(200);
  });

  it("takes out one whose node is gone for good, once the others hold the same", async () => {
    const { world, moves } = movingWorld(3, ["n1", "n3", "n9"]);
    const version = world.put(1, ["n2", "n3"]);
    world.down.add("n2");
    world.start("n9");
    moves.start();
    await world.until(() => nodesOf(world.shard).join() === "n1,n3,n9", 60_000);
    for (const node of ["n1", "n3", "n9"]) {
      expect(world.replica(node).rows.get(idOf(1))?.version).toBe(version);
    }
    moves.stop();
    await world.stop();
  });

  it("waits while another one cannot take over", async () => {
    const { world, moves } = movingWorld(4, ["n1", "n3", "n9"]);
    world.put(1, ["n2", "n3"]);
    world.start("n9");
    moves.start();
    await world.until(() => world.stateOf("n9") === "active", 60_000);
    world.down.add("n3");
    await world.clock.advance(30_000);
    expect(nodesOf(world.shard)).toContain("n2");
    world.down.delete("n3");
    await world.until(() => nodesOf(world.shard).join() === "n1,n3,n9", 60_000);
    moves.stop();
    await world.stop();
  });

  it("leaves it to the node with the smallest id of those alive", async () => {
    const { world, moves } = movingWorld(5, ["n1", "n3", "n9"]);
    world.down.add("n1");
    moves.start();
    await world.clock.advance(10_000);
    expect(world.shard.epoch).toBe(2);
    moves.stop();
  });
});
