/** Tombstones that all replicas have are dropped, and what they stood for does not come back. */
import { describe, expect, it } from "vitest";
import type { MerkleState } from "../../../src/actors/replica/replication-messages.js";
import {
  ReplicaWorld,
  applied,
  deleteOf,
  expectWhole,
  insertOf,
  versionOf,
} from "../../support/replica-world.js";

const late = { rule: "late", epoch: 0 } as const;
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

function converge(world: ReplicaWorld, count: number, drop?: number): Promise<MerkleState> {
  const version = versionOf(count);
  return world.ask({
    type: "converged",
    version,
    ...(drop !== undefined && { drop: versionOf(drop) }),
  });
}

function tombstones(world: ReplicaWorld): number {
  const snapshot = world.store.snapshot();
  try {
    return [...snapshot.tombstones()].length;
  } finally {
    snapshot.release();
  }
}

describe("a replica that has converged", () => {
  it("remembers it, and drops tombstones up to the horizon", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1, 2, 3]), 1)));
    await applied(world.replica.write(world.replicated(deleteOf([1]), 2)));
    await applied(world.replica.write(world.replicated(deleteOf([2]), 4)));
    expect((await converge(world, 3)).converged_version).toBe(versionOf(3));
    expect(tombstones(world)).toBe(2);
    const state = await converge(world, 5, 3);
    expect(state).toMatchObject({ converged_version: versionOf(5), rows: 1 });
    expect(world.versioned([1, 2, 3]).versions).toEqual(["", versionOf(4), versionOf(1)]);
    expectWhole(world);
    await world.restart();
    expect(world.replica.merkle()).toEqual(state);
    expect((await converge(world, 4)).converged_version).toBe(versionOf(5));
  });

  it("takes no echo of what was deleted, and everything newer", async () => {
    const world = await ReplicaWorld.open();
    const other = await ReplicaWorld.open({ node: "n2" });
    await applied(other.replica.write(other.replicated(insertOf([1]), 1)));
    await applied(world.replica.write(world.replicated(insertOf([1, 5]), 1)));
    await applied(world.replica.write(world.replicated(deleteOf([1, 2]), 2)));
    await converge(world, 3, 3);
    await world.restart();
    const { root } = world.replica.status();
    await world.ask({ type: "apply", rows: other.versioned([1]) });
    const hint = world.replicated(insertOf([1, 2]), 3, { replicated: late });
    await applied(world.replica.write(hint));
    await applied(world.replica.write(world.replicated(deleteOf([7]), 2, { replicated: late })));
    expect(world.replica.status().root).toBe(root);
    const ordered = await world.replica.write(world.replicated(insertOf([2]), 2));
    expect(ordered).toEqual({ refused: "behind", version: versionOf(3) });
    await applied(world.replica.write(world.replicated(insertOf([2]), 4, { replicated: late })));
    expect(Object.keys(world.contents())).toEqual(["2", "5"]);
    // A row that is known is replaced by its version, however old.
    const old = world.replicated(insertOf([5]), 2, { replicated: late });
    await applied(world.replica.write(old));
    expect(world.versioned([5]).versions).toEqual([versionOf(2)]);
    expectWhole(world);
  });

  it("drops many tombstones in several commits, beside writes", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(deleteOf(numbers(0, 9000)), 2)));
    await applied(world.replica.write(world.replicated(deleteOf(numbers(9000, 9010)), 5)));
    const { commits } = world;
    const dropping = converge(world, 5, 3);
    const write = applied(world.replica.write(world.replicated(insertOf([100, 8999]), 6)));
    const state = await dropping;
    await write;
    expect(tombstones(world)).toBe(10);
    expect(world.commits - commits).toBeGreaterThan(3);
    expect(state.root).toBe(world.rebuiltRoot());
    expect(Object.keys(world.contents())).toEqual(["100", "8999"]);
    expectWhole(world);
  });

  it("has the same root as others that dropped the same", async () => {
    const worlds = [await ReplicaWorld.open(), await ReplicaWorld.open({ node: "n2" })];
    const roots: string[] = [];
    for (const [index, world] of worlds.entries()) {
      const counts = index === 0 ? [1, 2, 3] : [3, 1, 2];
      for (const count of counts) {
        const write = count === 2 ? deleteOf([1, 2]) : insertOf([count]);
        const message = world.replicated(write, count, { replicated: late });
        await applied(world.replica.write({ ...message, version: versionOf(count) }));
      }
      roots.push((await converge(world, 3, 2)).root);
    }
    expect(roots[0]).toBe(roots[1]);
    expect(worlds.map(tombstones)).toEqual([0, 0]);
  });

  it("refuses to drop what has not converged", async () => {
    const world = await ReplicaWorld.open();
    await expect(converge(world, 3, 4)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
