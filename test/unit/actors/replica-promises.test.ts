/** Promises: durable, per id, and of everything below a version or an epoch. */
import { describe, expect, it } from "vitest";
import type {
  FenceReply,
  PreparedRows,
  Refusal,
} from "../../../src/actors/replica/replication-messages.js";
import {
  ReplicaWorld,
  applied,
  deleteOf,
  expectWhole,
  insertOf,
  packIds,
  vectorOf,
  versionOf,
} from "../../support/replica-world.js";

const late = { rule: "late", epoch: 0 } as const;

function prepare(
  world: ReplicaWorld,
  ns: readonly number[],
  ballot: number,
  { contents = false, epoch = 0 } = {},
): Promise<PreparedRows | Refusal> {
  const ids = packIds(ns);
  return world.ask({ type: "prepare", epoch, ids, ballot: versionOf(ballot), contents });
}

const put = (world: ReplicaWorld, ns: readonly number[], count: number): Promise<unknown> =>
  applied(world.replica.write(world.replicated(insertOf(ns), count)));
const putLate = (world: ReplicaWorld, ns: readonly number[], count: number): Promise<unknown> =>
  applied(world.replica.write(world.replicated(insertOf(ns), count, { replicated: late })));
const behind = (count: number): Refusal => ({ refused: "behind", version: versionOf(count) });

describe("a promise", () => {
  it("answers rows, tombstones and nothing, with contents when asked", async () => {
    const world = await ReplicaWorld.open();
    await put(world, [1, 2], 1);
    await applied(world.replica.write(world.replicated(deleteOf([2]), 2)));
    const bare = await applied(prepare(world, [1, 2, 3], 5));
    expect(bare).toEqual({
      ids: new Uint8Array(packIds([1, 2, 3])),
      versions: [versionOf(1), versionOf(2), ""],
      live: Uint8Array.of(1, 0, 0),
      late: Uint8Array.of(0, 0, 0),
      promised: ["", "", ""],
    });
    const full = await applied(prepare(world, [1, 2, 3], 6, { contents: true }));
    expect([...(full.vectors ?? [])]).toEqual(vectorOf(1));
    expect(full.metadata?.ends).toHaveLength(1);
    expect(full.promised).toEqual([versionOf(5), versionOf(5), versionOf(5)]);
  });

  it("refuses what is older, as a whole, until a row takes its place; also after a restart", async () => {
    const world = await ReplicaWorld.open();
    await put(world, [1], 1);
    await applied(prepare(world, [1], 5));
    const check = async (): Promise<void> => {
      expect(await world.replica.write(world.replicated(insertOf([1, 2]), 4))).toEqual(behind(5));
      expect(await prepare(world, [2, 1], 4)).toEqual(behind(5));
    };
    await check();
    await world.restart();
    await check();
    expect(Object.keys(world.contents())).toEqual(["1"]);
    await put(world, [1], 5);
    expect(await prepare(world, [1], 4)).toEqual(behind(5));
    await applied(prepare(world, [1], 6));
    expectWhole(world);
    await world.replica.close();
    expect(await world.problems()).toEqual([]);
  });

  it("made in a group is kept by what comes after it in that group", async () => {
    const world = await ReplicaWorld.open();
    const [made, older, newer] = await Promise.all([
      prepare(world, [1], 5),
      world.replica.write(world.replicated(insertOf([1]), 4)),
      world.replica.write(world.replicated(insertOf([1]), 6)),
    ]);
    expect(made).toMatchObject({ versions: [""] });
    expect(older).toEqual(behind(5));
    expect(newer).toMatchObject({ version: versionOf(6) });
    expect(world.commits).toBe(1);
    const snapshot = world.store.snapshot();
    expect([...snapshot.promises()]).toEqual([]);
    snapshot.release();
  });

  it("is passed by late rows, which are then known as such, until one is accepted", async () => {
    const world = await ReplicaWorld.open();
    await put(world, [1], 1);
    await applied(prepare(world, [1], 5));
    await putLate(world, [1], 3);
    const first = await applied(prepare(world, [1], 7));
    expect(first).toMatchObject({ versions: [versionOf(3)], promised: [versionOf(5)] });
    expect([...first.late]).toEqual([1]);
    await world.restart();
    const second = await applied(prepare(world, [1], 8));
    expect([...second.late]).toEqual([1]);
    await put(world, [1], 8);
    const third = await applied(prepare(world, [1], 9));
    expect([...third.late]).toEqual([0]);
    expect(third.versions).toEqual([versionOf(8)]);
  });

  it("says what was promised before, at least as much after a restart", async () => {
    const world = await ReplicaWorld.open();
    await applied(prepare(world, [1], 5));
    expect((await applied(prepare(world, [1], 5))).promised).toEqual([""]);
    await put(world, [1], 6);
    expect((await applied(prepare(world, [1], 7))).promised).toEqual([versionOf(5)]);
    await world.restart();
    expect((await applied(prepare(world, [1, 2], 8))).promised).toEqual([
      versionOf(7),
      versionOf(7),
    ]);
  });
});

describe("a fence", () => {
  it("refuses older maps for good, and says what was seen", async () => {
    const world = await ReplicaWorld.open();
    await put(world, [1], 1);
    await applied(prepare(world, [2], 9));
    const fence = (epoch: number): Promise<FenceReply> => world.ask({ type: "fence", epoch });
    expect(await fence(3)).toEqual({ epoch: 3, seen_version: versionOf(9) });
    expect((await fence(2)).epoch).toBe(3);
    await world.restart();
    const stale = { refused: "stale", epoch: 3 };
    expect(await world.replica.write(world.replicated(insertOf([1]), 20))).toEqual(stale);
    expect(await prepare(world, [1], 20)).toEqual(stale);
    await applied(prepare(world, [1], 20, { epoch: 3 }));
    const plain = (map: number) =>
      world.replica.write(world.message(insertOf([8]), { epoch: map }));
    await expect(plain(2)).rejects.toMatchObject({ code: "OVERLOADED" });
    await applied(plain(3));
    expect(Object.keys(world.contents())).toEqual(["1", "8"]);
  });
});

describe("a floor", () => {
  it("refuses what is below it for good, and takes late rows, known as such", async () => {
    const world = await ReplicaWorld.open();
    const floor = versionOf(10);
    expect(await world.ask({ type: "floor", version: floor })).toEqual({ floor });
    expect(await world.ask({ type: "floor", version: versionOf(3) })).toEqual({ floor });
    await world.restart();
    expect(await prepare(world, [1], 9)).toEqual(behind(10));
    expect(await world.replica.write(world.replicated(insertOf([1]), 9))).toEqual(behind(10));
    await putLate(world, [1], 9);
    const found = await applied(prepare(world, [1, 2], 11));
    expect(found).toMatchObject({ versions: [versionOf(9), ""], promised: [floor, floor] });
    expect([...found.late]).toEqual([1, 0]);
  });
});

it.each([
  ["half an id", { ids: new Uint8Array(15) }],
  ["a ballot that is no version", { ballot: "b" }],
])("a promise for %s is refused", async (_, wrong) => {
  const world = await ReplicaWorld.open();
  const message = { type: "prepare", epoch: 0, ids: packIds([1]), ballot: versionOf(1) } as const;
  const asked = world.ask({ ...message, contents: false, ...wrong });
  await expect(asked).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
