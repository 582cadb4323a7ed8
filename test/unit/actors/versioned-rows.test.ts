/** Rows as replicas send them to each other, and what they compare to find those that differ. */
import { describe, expect, it } from "vitest";
import { readVersionedRows } from "../../../src/actors/replica/versioned-rows.js";
import type {
  MerkleState,
  VersionedRows,
} from "../../../src/actors/replica/replication-messages.js";
import {
  ReplicaWorld,
  applied,
  deleteOf,
  expectWhole,
  idOf,
  insertOf,
  packIds,
  vectorOf,
  versionOf,
} from "../../support/replica-world.js";

describe("rows of another replica", () => {
  it("are taken where they are newer, tombstones too", async () => {
    const source = await ReplicaWorld.open();
    const target = await ReplicaWorld.open({ node: "n2" });
    await applied(source.replica.write(source.replicated(insertOf([1, 2, 3]), 5)));
    await applied(source.replica.write(source.replicated(deleteOf([3, 4]), 6)));
    await applied(
      target.replica.write(
        target.replicated(
          insertOf([2], () => ({ newer: true })),
          7,
        ),
      ),
    );
    await applied(target.replica.write(target.replicated(insertOf([4]), 1)));
    const rows = source.versioned([1, 2, 3, 4, 5]);
    const state = await target.ask<MerkleState>({ type: "apply", rows });
    expect(state).toEqual(target.replica.merkle());
    expect(state.applied_version).toBe(versionOf(7));
    expect(target.contents()).toEqual({ 1: { n: 1 }, 2: { newer: true } });
    expect(target.store.nextOrdinal).toBe(3);
    expectWhole(target);
    await source.ask({ type: "apply", rows: target.versioned([1, 2, 3, 4]) });
    expect(source.replica.status().root).toBe(target.replica.status().root);
    expectWhole(source);
  });

  it("change nothing, and cost no commit, when they are known", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 5)));
    const { commits } = world;
    await world.ask({ type: "apply", rows: world.versioned([1]) });
    expect(world.commits).toBe(commits);
  });

  it("out of shape are refused", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 5)));
    const good = world.versioned([1, 2]);
    const bad: VersionedRows[] = [
      { ids: good.ids, versions: good.versions, live: good.live },
      { ...good, ids: good.ids.subarray(1) },
      { ...good, live: Uint8Array.of(1, 2) },
      { ...good, live: Uint8Array.of(0, 0) },
      { ...good, versions: ["v1", ""] },
      { ...good, versions: ["", ""] },
      { ...good, vectors: new Float32Array(8) },
    ];
    for (const rows of bad) {
      await expect(world.ask({ type: "apply", rows })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
  });

  it("with a vector that has changed in memory are not handed out", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 5)));
    world.rows.vector(0)[0] = 77;
    expect(() => world.versioned([1])).toThrow(
      expect.objectContaining({ code: "DATA_CORRUPTED" }) as Error,
    );
  });
});

describe("Merkle buckets", () => {
  it("name the rows and tombstones that two replicas must compare", async () => {
    const one = await ReplicaWorld.open();
    const other = await ReplicaWorld.open({ node: "n2" });
    const ns = Array.from({ length: 200 }, (_, n) => n);
    const insert = one.replicated(insertOf(ns), 1);
    for (const world of [one, other]) await applied(world.replica.write(insert));
    await one.ask({ type: "bucket_entries", buckets: Uint16Array.of(0) });
    await applied(one.replica.write(one.replicated(insertOf([3]), 2)));
    await applied(one.replica.write(one.replicated(deleteOf([5, 900]), 3)));
    await applied(one.replica.write(one.replicated(insertOf([900]), 4)));
    await applied(other.replica.write(other.replicated(deleteOf([7]), 5)));
    const leaves = await Promise.all(
      [one, other].map((world) => world.ask<Uint8Array>({ type: "merkle_leaves" })),
    );
    const differ = Array.from({ length: 4096 }, (_, bucket) => bucket).filter((bucket) => {
      const [a, b] = leaves.map((all) => all.subarray(bucket * 32, bucket * 32 + 32));
      return Buffer.compare(a as Uint8Array, b as Uint8Array) !== 0;
    });
    const found = await Promise.all(
      [one, other].map(async (world) => {
        const buckets = Uint16Array.from(differ);
        const { ids, versions, live } = await world.ask<VersionedRows>({
          type: "bucket_entries",
          buckets,
        });
        return new Map(
          versions.map((version, index) => [
            Buffer.from(ids).readUInt32BE(index * 16 + 12),
            `${version} ${String(live[index])}`,
          ]),
        );
      }),
    );
    const [here, there] = found as [Map<number, string>, Map<number, string>];
    const changed = ns.concat(900).filter((n) => here.get(n) !== there.get(n));
    expect(changed).toEqual([3, 5, 7, 900]);
    expect(here.get(5)).toBe(`${versionOf(3)} 0`);
    expect(here.get(900)).toBe(`${versionOf(4)} 1`);
    expect(there.get(7)).toBe(`${versionOf(5)} 0`);
    expect(here.size).toBeLessThan(20);
  });

  it("are the same after rows moved and after a restart", async () => {
    const world = await ReplicaWorld.open();
    const ns = Array.from({ length: 250 }, (_, n) => n);
    await applied(world.replica.write(world.replicated(insertOf(ns), 1)));
    const all = Uint16Array.from({ length: 4096 }, (_, bucket) => bucket);
    await world.ask({ type: "bucket_entries", buckets: all });
    await applied(world.replica.write(world.replicated(deleteOf(ns.slice(10, 90)), 2)));
    const sorted = async (): Promise<string[]> => {
      const { ids, versions, live } = await world.ask<VersionedRows>({
        type: "bucket_entries",
        buckets: all,
      });
      return versions
        .map(
          (version, index) =>
            `${Buffer.from(ids).readUInt32BE(index * 16 + 12)} ${version} ${String(live[index])}`,
        )
        .sort();
    };
    const before = await sorted();
    expect(before).toHaveLength(250);
    await world.clock.advance(10_000);
    expect(world.moves).toBe(1);
    expect(await sorted()).toEqual(before);
    await world.restart();
    expect(await sorted()).toEqual(before);
  });
});

it("reads rows as a searcher does, with or without contents", async () => {
  const world = await ReplicaWorld.open();
  await applied(world.replica.write(world.replicated(insertOf([1, 2]), 1)));
  const snapshot = world.store.snapshot();
  const bare = readVersionedRows(snapshot, packIds([2, 3]), undefined);
  snapshot.release();
  expect(bare).toEqual({
    ids: new Uint8Array(packIds([2, 3])),
    versions: [versionOf(1), ""],
    live: Uint8Array.of(1, 0),
  });
  const full = world.versioned([2, 1]);
  expect([...(full.vectors ?? [])]).toEqual([...vectorOf(2), ...vectorOf(1)]);
  expect(full.metadata?.ends).toHaveLength(2);
  expect(full.ids.subarray(0, 16)).toEqual(idOf(2));
});
