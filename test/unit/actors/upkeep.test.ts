/** What a replica does between writes. */
import { describe, expect, it } from "vitest";
import { SharedRows } from "../../../src/index/index.js";
import {
  ReplicaWorld,
  deleteOf,
  dimension,
  expectWhole,
  insertOf,
  vectorOf,
} from "../../support/replica-world.js";

describe("a mostly dead vector file", () => {
  const numbers = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, index) => from + index);

  it("is emptied and given back in the background, and nobody sees a difference", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf(numbers(0, 250))));
    await world.replica.write(world.message(deleteOf(numbers(10, 90))));
    const { root, applied_version } = world.replica.status();
    const contents = world.contents();
    const old = world.store.snapshot();
    const bytes = world.store.bytes().vectors_disk;
    await world.clock.advance(10_000);
    expect(world.moves).toBe(1);
    expect(world.told).toHaveLength(2);
    expect(world.replica.status()).toMatchObject({ root, applied_version, next_ordinal: 270 });
    expect(world.contents()).toEqual(contents);
    expect(world.store.bytes().vectors_disk).toBeLessThan(bytes);
    expect(await world.disk.list("/s")).not.toContain("vectors-0000000000.f32");
    // A search that began before still finds the rows where they were.
    expect([...old.scanOrdinals(0)].slice(0, 11)).toEqual([...numbers(0, 10), 90]);
    for (const n of [0, 99]) {
      expect([...world.rows.vector(n)]).toEqual(vectorOf(n));
      expect(world.rows.isDead(n)).toBe(false);
    }
    old.release();
    expectWhole(world);
    await world.replica.close();
    await world.start();
    expect(world.contents()).toEqual(contents);
    expectWhole(world);
  });

  it("is loaded past by the next process", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf(numbers(0, 250))));
    await world.replica.write(world.message(deleteOf(numbers(0, 95))));
    await world.clock.advance(10_000);
    await world.replica.close();
    world.rows = SharedRows.create({ dimension });
    await world.start();
    expect(Object.keys(world.contents())).toEqual(numbers(95, 250).map(String));
    expect(world.rows).toMatchObject({ written: 255, dead: 100 });
    expectWhole(world);
  });

  it("is left alone while there is no room to move its rows", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf(numbers(0, 250))));
    await world.replica.write(world.message(deleteOf(numbers(10, 90))));
    const contents = world.contents();
    world.disk.medium.limitBytes(world.disk.medium.usedBytes);
    await world.clock.advance(10_000);
    expect(world.contents()).toEqual(contents);
    expect(world).toMatchObject({ moves: 0, failures: [] });
    world.disk.medium.limitBytes(Infinity);
    await world.clock.advance(60_000);
    expect(world.moves).toBe(1);
    expect(world.contents()).toEqual(contents);
  });
});
