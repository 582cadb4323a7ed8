import { describe, expect, it } from "vitest";
import { SharedRows } from "../../../src/index/index.js";
import { loadRows } from "../../../src/actors/replica/load-rows.js";
import { MerkleTree } from "../../../src/consistency/index.js";
import { ReplicaWorld, deleteOf, dimension, insertOf } from "../../support/replica-world.js";

const many = Array.from({ length: 250 }, (_, index) => index);

/** A store of 250 rows in three vector files, three of them deleted and two replaced. */
async function filledWorld(): Promise<ReplicaWorld> {
  const world = await ReplicaWorld.open();
  await world.replica.write(world.message(insertOf(many)));
  await world.replica.write(world.message(deleteOf([0, 120, 249])));
  await world.replica.write(world.message(insertOf([5, 6])));
  return world;
}

const dead = [0, 5, 6, 120, 249];

async function load(world: ReplicaWorld, rows: SharedRows): Promise<MerkleTree> {
  const tree = new MerkleTree();
  const reserve = (count: number): Promise<void> => {
    rows.reserve(count);
    return Promise.resolve();
  };
  await loadRows({ store: world.store, rows, tree, reserve });
  return tree;
}

function expectLoaded(world: ReplicaWorld, rows: SharedRows): void {
  const { nextOrdinal } = world.store;
  expect([rows.written, rows.committed]).toEqual([nextOrdinal, nextOrdinal]);
  const found = Array.from({ length: nextOrdinal }, (_, ordinal) => ordinal).filter((ordinal) =>
    rows.isDead(ordinal),
  );
  expect(found).toEqual(dead);
  expect(rows.dead).toBe(dead.length);
  const differing = [];
  for (let ordinal = 0; ordinal < nextOrdinal; ordinal++) {
    const before = world.rows.vector(ordinal);
    if (String(rows.vector(ordinal)) !== String(before)) differing.push(ordinal);
  }
  expect(differing).toEqual([]);
}

describe("loadRows", () => {
  it("fills fresh memory, marks what no record points to, and knows the root", async () => {
    const world = await filledWorld();
    const rows = SharedRows.create({ dimension });
    const tree = await load(world, rows);
    expectLoaded(world, rows);
    expect(tree.root()).toBe(world.rebuiltRoot());
    expect(tree.takeChanged()).toEqual([]);
  });

  it("reads from disk only what memory does not have", async () => {
    const world = await filledWorld();
    const rows = SharedRows.create({ dimension });
    rows.reserve(100);
    const first = new Float32Array(100 * dimension);
    for (let row = 0; row < 100; row++) first.set(world.rows.vector(row), row * dimension);
    rows.write(0, first);
    rows.publish(100);
    rows.commit(100);
    const asked: number[][] = [];
    const { store } = world;
    const watched = Object.create(store, {
      nextOrdinal: { get: () => store.nextOrdinal },
      dimension: { value: dimension },
      snapshot: { value: () => store.snapshot() },
      loadVectors: {
        value: (from: number, count: number, sink: Parameters<typeof store.loadVectors>[2]) => {
          asked.push([from, count]);
          return store.loadVectors(from, count, sink);
        },
      },
    }) as typeof store;
    const reserve = (count: number): Promise<void> => Promise.resolve(void rows.reserve(count));
    await loadRows({ store: watched, rows, tree: new MerkleTree(), reserve });
    expect(asked).toEqual([[100, store.nextOrdinal - 100]]);
    expectLoaded(world, rows);
  });

  it("takes back what a lost writer wrote and never made durable", async () => {
    const world = await filledWorld();
    const { rows } = world;
    const { nextOrdinal } = world.store;
    await world.clock.advance(20_000);
    rows.write(nextOrdinal, new Float32Array(3 * dimension).fill(7));
    rows.publish(nextOrdinal + 3);
    rows.markDead(nextOrdinal + 1);
    const { epoch } = rows;
    await world.store.close();
    await world.start();
    expectLoaded(world, rows);
    expect(rows.epoch).toBeGreaterThan(epoch);
    await world.replica.write(world.message(insertOf([300, 301])));
    expect([nextOrdinal, nextOrdinal + 1].map((one) => rows.isDead(one))).toEqual([false, false]);
    expect(world.contents()).toMatchObject({ 300: { n: 300 }, 301: { n: 301 } });
  });

  it("takes over what a lost writer made durable and did not release", async () => {
    const world = await filledWorld();
    const rows = SharedRows.create({ dimension });
    rows.reserve(world.store.nextOrdinal + 1);
    const durable = world.store.nextOrdinal;
    await world.store.loadVectors(0, durable, (first, block) => rows.write(first, block));
    rows.write(durable, new Float32Array(dimension).fill(9));
    rows.publish(durable + 1);
    await load(world, rows);
    expectLoaded(world, rows);
  });

  it("loads the same again when it is interrupted on the way", async () => {
    const world = await filledWorld();
    const rows = SharedRows.create({ dimension });
    rows.reserve(world.store.nextOrdinal);
    const stop = new Error("the thread dies here");
    const dying = world.store.loadVectors(0, world.store.nextOrdinal, (first, block) => {
      rows.write(first, block);
      rows.publish(first + block.length / dimension);
      throw stop;
    });
    await expect(dying).rejects.toThrow("the thread dies here");
    expect(rows.written).toBeGreaterThan(0);
    await load(world, rows);
    expectLoaded(world, rows);
  });

  it("loads nothing from an empty store", async () => {
    const world = await ReplicaWorld.open();
    const rows = SharedRows.create({ dimension });
    const tree = await load(world, rows);
    expect([rows.written, rows.committed, rows.dead]).toEqual([0, 0, 0]);
    expect(tree.root()).toBe(new MerkleTree().root());
  });
});
