/** Batches that wait for a decision, and registers, in which it is made. */
import { describe, expect, it } from "vitest";
import { DvespError } from "../../../src/base/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import type {
  DecideReply,
  RegisterReply,
  RegisterState,
  StageReply,
  StagedBatch,
} from "../../../src/actors/replica/replication-messages.js";
import {
  ReplicaWorld,
  applied,
  deleteOf,
  expectWhole,
  insertOf,
  packIds,
  versionOf,
} from "../../support/replica-world.js";

const epoch = 0;
const hour = 3_600_000;

const stage = (
  world: ReplicaWorld,
  write: PackedWrite,
  count: number,
  operation_id = "o:b",
): Promise<StageReply> =>
  world.ask({ type: "stage", epoch, operation_id, version: versionOf(count), home: 3, write });
const decide = (world: ReplicaWorld, commit: boolean, operation_id = "o:b"): Promise<DecideReply> =>
  world.ask({ type: "decide", operation_id, commit });
const staged = (world: ReplicaWorld): Promise<StagedBatch[]> => world.ask({ type: "staged" });

describe("a staged batch", () => {
  it("is invisible and durable until it is committed", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 1)));
    const { root } = world.replica.status();
    expect(await stage(world, insertOf([1, 2, 3]), 5)).toEqual({ staged: true });
    expect(world.replica.status()).toMatchObject({ root, rows: 1 });
    expect(await world.replica.outcome("o:b")).toBeUndefined();
    await world.clock.advance(1500);
    await world.restart();
    const [batch] = await staged(world);
    expect(batch).toEqual({ operation_id: "o:b", version: versionOf(5), home: 3, age_ms: 1500 });
    const outcome = await decide(world, true);
    expect(outcome).toMatchObject({ version: versionOf(5), root: world.rebuiltRoot() });
    expect(await decide(world, true)).toEqual(outcome);
    expect(await stage(world, insertOf([1, 2, 3]), 5)).toEqual(outcome);
    expect(await world.replica.outcome("o:b")).toEqual(outcome);
    expect(Object.keys(world.contents())).toEqual(["1", "2", "3"]);
    expect(await staged(world)).toEqual([]);
    expectWhole(world);
    await world.replica.close();
    expect(await world.problems()).toEqual([]);
  });

  it("leaves nothing when it is aborted, and nothing brings it back", async () => {
    const world = await ReplicaWorld.open();
    await stage(world, insertOf([1]), 5);
    expect(await decide(world, false)).toEqual({ aborted: true });
    await world.restart();
    expect(await decide(world, true)).toEqual({ aborted: true });
    expect(await stage(world, insertOf([1]), 9)).toEqual({ aborted: true });
    const write = { ...world.replicated(insertOf([1]), 9), operation_id: "o:b" };
    await expect(world.replica.write(write)).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(await world.replica.outcome("o:b")).toBeUndefined();
    expect(world.contents()).toEqual({});
    expect(await staged(world)).toEqual([]);
  });

  it("never staged can be aborted, and not committed", async () => {
    const world = await ReplicaWorld.open();
    expect(await decide(world, true)).toEqual({ missing: true });
    expect(await decide(world, false)).toEqual({ aborted: true });
    expect(await stage(world, insertOf([1]), 5)).toEqual({ aborted: true });
  });

  it("keeps its ids from promises, and from plain writes that look at rows", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.message(insertOf([1, 4]))));
    await stage(world, insertOf([1, 2]), 5);
    const refusal = { refused: "staged", operation_ids: ["o:b"] };
    const ballot = versionOf(9);
    const prepare = { type: "prepare", epoch, ballot, contents: false } as const;
    expect(await world.ask({ ...prepare, ids: packIds([3, 2]) })).toEqual(refusal);
    expect(await world.ask({ ...prepare, ids: packIds([3]) })).not.toHaveProperty("refused");
    const writes: PackedWrite[] = [
      { kind: "update", ids: packIds([1]), metadata_mode: "merge" },
      { kind: "delete", filter: { n: 1 } },
    ];
    for (const write of writes) {
      const waiting = world.replica.write(world.message(write));
      await expect(waiting).rejects.toMatchObject({ code: "OVERLOADED", retry_after_ms: 100 });
    }
    await applied(world.replica.write(world.message({ kind: "delete", filter: { n: 4 } })));
    await applied(world.replica.write(world.message(deleteOf([1]))));
    await decide(world, false);
    expect(await world.ask({ ...prepare, ids: packIds([2]) })).not.toHaveProperty("refused");
  });

  it("is refused as behind when it is staged, not when it is committed", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 6)));
    const behind = { refused: "behind", version: versionOf(6) };
    expect(await stage(world, deleteOf([1, 2]), 5)).toEqual(behind);
    expect(await stage(world, deleteOf([1, 2]), 7)).toEqual({ staged: true });
    await applied(world.replica.write(world.replicated(insertOf([1]), 8)));
    const outcome = await decide(world, true);
    expect(outcome).toMatchObject({ version: versionOf(7), missing: new Uint8Array(packIds([2])) });
    expect(world.versioned([1, 2]).versions).toEqual([versionOf(8), versionOf(7)]);
    expectWhole(world);
  });

  it("takes a later stamp, and keeps it when the earlier one comes again", async () => {
    const world = await ReplicaWorld.open();
    for (const count of [5, 7, 6]) await stage(world, insertOf([1]), count);
    expect((await staged(world)).map(({ version }) => version)).toEqual([versionOf(7)]);
    await world.replica.close();
    expect(await world.problems()).toEqual([]);
    await world.start();
    expect(await decide(world, true)).toMatchObject({ version: versionOf(7) });
  });

  it("and its decision may share a group", async () => {
    const world = await ReplicaWorld.open();
    const all = await Promise.all([
      applied(world.replica.write(world.replicated(insertOf([9]), 1))),
      stage(world, insertOf([1]), 5),
      decide(world, true),
      stage(world, insertOf([2]), 6, "o:c"),
      decide(world, false, "o:c"),
    ]);
    expect(all.slice(1)).toMatchObject([
      { staged: true },
      { version: versionOf(5) },
      { staged: true },
      { aborted: true },
    ]);
    expect(Object.keys(world.contents())).toEqual(["1", "9"]);
    expect(await staged(world)).toEqual([]);
    expectWhole(world);
  });

  it("applied by a late write already is only taken away", async () => {
    const world = await ReplicaWorld.open();
    await stage(world, insertOf([1]), 5);
    const late = { ...world.replicated(insertOf([1]), 5), operation_id: "o:b" };
    const outcome = await applied(world.replica.write(late));
    expect(await decide(world, true)).toEqual(outcome);
    expect(await staged(world)).toEqual([]);
    expect(world.store.nextOrdinal).toBe(1);
  });

  it("is refused beyond the budget, until others are decided", async () => {
    const world = await ReplicaWorld.open({ stagedBytesMax: 200 });
    expect(await stage(world, insertOf([1, 2]), 5, "o:1")).toEqual({ staged: true });
    const more = stage(world, insertOf([3, 4, 5]), 5, "o:2");
    await expect(more).rejects.toMatchObject({ code: "OVERLOADED", retry_after_ms: 1000 });
    expect(await stage(world, insertOf([1, 2]), 6, "o:1")).toEqual({ staged: true });
    await decide(world, false, "o:1");
    expect(await stage(world, insertOf([3, 4, 5]), 5, "o:2")).toEqual({ staged: true });
    expect(world.failures).toEqual([]);
  });

  it("that could not be stored is not staged", async () => {
    const world = await ReplicaWorld.open();
    world.tables.failNextCommit(new DvespError("STORAGE_FULL", "the table is full"));
    await expect(stage(world, insertOf([1]), 5)).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await staged(world)).toEqual([]);
    expect(await stage(world, insertOf([1]), 5)).toEqual({ staged: true });
  });
});

describe("a register", () => {
  const key = "batch/o:b";
  const value = Uint8Array.of(1, 2, 3);
  const prepare = (world: ReplicaWorld, count: number): Promise<RegisterReply> =>
    world.ask({ type: "register_prepare", epoch, key, ballot: versionOf(count) });
  const accept = (world: ReplicaWorld, count: number, bytes = value): Promise<RegisterReply> => {
    const expires_ms = world.clock.now() + hour;
    const message = { type: "register_accept", epoch, key, value: bytes, expires_ms } as const;
    return world.ask({ ...message, ballot: versionOf(count) });
  };

  it("keeps what was promised and accepted, across restarts", async () => {
    const world = await ReplicaWorld.open();
    expect(await prepare(world, 5)).toEqual({ promised: true });
    await world.restart();
    const refused = { promised: false, ballot: versionOf(5) };
    expect(await prepare(world, 4)).toEqual(refused);
    expect(await accept(world, 4)).toEqual(refused);
    const accepted = { ballot: versionOf(5), value };
    expect(await accept(world, 5)).toEqual({ promised: true, accepted });
    await world.restart();
    expect(await prepare(world, 6)).toEqual({ promised: true, accepted });
    expect(await accept(world, 5)).toEqual({ promised: false, ballot: versionOf(6) });
  });

  it("is judged against its group", async () => {
    const world = await ReplicaWorld.open();
    const replies = await Promise.all([
      prepare(world, 1),
      prepare(world, 5),
      accept(world, 4),
      accept(world, 6),
    ]);
    expect(replies.map(({ promised }) => promised)).toEqual([true, true, false, true]);
  });

  it("expires, and lies above the floor", async () => {
    const world = await ReplicaWorld.open();
    await accept(world, 5);
    await world.clock.advance(hour + 1);
    expect(await prepare(world, 1)).toEqual({ promised: true });
    await world.ask({ type: "floor", version: versionOf(9) });
    expect(await prepare(world, 8)).toEqual({ promised: false, ballot: versionOf(9) });
  });

  it("is learnt from another replica: the larger promise, and the later value", async () => {
    const world = await ReplicaWorld.open();
    const other = await ReplicaWorld.open({ node: "n2" });
    await accept(world, 5);
    await prepare(world, 9);
    await accept(other, 7, Uint8Array.of(7));
    await other.ask({ type: "register_prepare", epoch, key: "another", ballot: versionOf(2) });
    const read = (from: ReplicaWorld, after = "", limit = 10): Promise<RegisterState[]> =>
      from.ask({ type: "registers", after, limit });
    expect((await read(other)).map((one) => one.key)).toEqual(["another", key]);
    expect((await read(other, "another")).map((one) => one.key)).toEqual([key]);
    expect((await read(other, "", 1)).map((one) => one.key)).toEqual(["another"]);
    const learned = await world.ask({ type: "learn_registers", registers: await read(other) });
    expect(learned).toEqual({ learned: 2 });
    await world.restart();
    const [another, known] = await read(world);
    expect(another).toMatchObject({ key: "another", promised: versionOf(2) });
    expect(known).toMatchObject({
      promised: versionOf(9),
      accepted: { ballot: versionOf(7), value: Uint8Array.of(7) },
    });
    expect(await prepare(world, 8)).toEqual({ promised: false, ballot: versionOf(9) });
  });

  it("with a key that is too long is refused", async () => {
    const world = await ReplicaWorld.open();
    const message = { type: "register_prepare", epoch, ballot: versionOf(1) } as const;
    const asked = world.ask({ ...message, key: "x".repeat(2000) });
    await expect(asked).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(world.failures).toEqual([]);
  });
});
