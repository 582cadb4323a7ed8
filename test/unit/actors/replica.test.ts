import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DvespError, drainMicrotasks, packBytes } from "../../../src/base/index.js";
import { encodeMetadata } from "../../../src/protocol/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import {
  ReplicaWorld,
  applied,
  deleteOf,
  dimension,
  expectWhole,
  insertOf,
  packIds,
} from "../../support/replica-world.js";

const rowBytes = dimension * Float32Array.BYTES_PER_ELEMENT;

/** All that must be as before after a commit that failed. */
function stateOf(world: ReplicaWorld) {
  const { written, committed, dead } = world.rows;
  const { store, replica } = world;
  const { rows, nextOrdinal, appliedVersion } = store;
  const { root } = replica.status();
  const shared = { written, committed, dead };
  return { shared, rows, nextOrdinal, appliedVersion, root, contents: world.contents() };
}

describe("Replica", () => {
  it("makes a write durable and visible before it answers", async () => {
    const world = await ReplicaWorld.open();
    const message = world.message(insertOf([1, 2]));
    const outcome = await applied(world.replica.write(message));
    expect(world.contents()).toEqual({ 1: { n: 1 }, 2: { n: 2 } });
    expect(outcome.version).toBe(message.version);
    expect(outcome.ids).toEqual(message.write.ids);
    expect(outcome.missing).toHaveLength(0);
    expect(outcome.root).toBe(world.rebuiltRoot());
    expect(world.told).toEqual([message.version]);
    expect(world.reserved.at(-1)).toBe(2);
    expect(world.replica.status()).toMatchObject({
      rows: 2,
      next_ordinal: 2,
      applied_version: message.version,
    });
    expectWhole(world);
  });

  it("commits in one go what came while it was committing", async () => {
    const world = await ReplicaWorld.open();
    const messages = [1, 2, 3, 4, 5].map((n) => world.message(insertOf([n])));
    const first = applied(world.replica.write(messages[0]!));
    await Promise.resolve(); // It has begun.
    const others = messages.slice(1).map((one) => applied(world.replica.write(one)));
    const outcomes = await Promise.all([first, ...others]);
    expect(world.commits).toBe(2);
    expect(world.told).toEqual([messages[0]?.version, messages[4]?.version]);
    expect(outcomes.map(({ version }) => version)).toEqual(messages.map(({ version }) => version));
    expect(new Set(outcomes.slice(1).map(({ root }) => root)).size).toBe(1);
    expect(outcomes[4]?.root).toBe(world.rebuiltRoot());
    expectWhole(world);
  });

  it("refuses one write of a group without touching the others", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf([1])));
    const wrong = { ...deleteOf([1]), if_versions: ["v0"] } as PackedWrite;
    const ends = await Promise.allSettled(
      [insertOf([2]), wrong, insertOf([3])].map((one) => world.replica.write(world.message(one))),
    );
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(ends[1]).toMatchObject({ reason: { code: "VERSION_CONFLICT" } });
    expect(Object.keys(world.contents())).toEqual(["1", "2", "3"]);
    expect(await world.replica.outcome("o:3")).toBeUndefined();
    expectWhole(world);
  });

  it("keeps rows of a deletion readable for searches that began before", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf([1, 2])));
    await world.replica.write(world.message(deleteOf([1])));
    expect(Object.keys(world.contents())).toEqual(["2"]);
    expect(world.rows.isDead(0)).toBe(false);
    await world.clock.advance(59_999);
    expect(world.rows.isDead(0)).toBe(false);
    await world.clock.advance(1);
    expect([world.rows.isDead(0), world.rows.isDead(1)]).toEqual([true, false]);
    expect(world.rows.dead).toBe(1);
    expectWhole(world);
  });

  it("refuses the writes that wait when it closes, and not the one under way", async () => {
    const world = await ReplicaWorld.open();
    const first = world.replica.write(world.message(insertOf([1])));
    await Promise.resolve(); // It has begun.
    const second = world.replica.write(world.message(insertOf([2])));
    const refusal = expect(second).rejects.toMatchObject({ code: "CLOSED" });
    await world.replica.close();
    await expect(first).resolves.toBeDefined();
    await refusal;
    await world.start();
    expect(Object.keys(world.contents())).toEqual(["1"]);
  });
});

describe("an operation id", () => {
  it("is applied once when it comes twice at the same time", async () => {
    const world = await ReplicaWorld.open();
    const message = world.message(insertOf([1]));
    const again = { ...message, version: world.message(insertOf([1])).version };
    const [first, second] = await Promise.all([
      world.replica.write(message),
      world.replica.write(again),
    ]);
    expect(second).toEqual(first);
    expect(world.commits).toBe(1);
    expect(world.store.nextOrdinal).toBe(1);
  });

  it("is answered from the record later, also by the next replica", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf([1])));
    const message = world.message(deleteOf([1, 7]));
    const first = await applied(world.replica.write(message));
    expect(first.missing).toEqual(new Uint8Array(packIds([7])));
    await world.replica.write(world.message(insertOf([1])));
    const commits = world.commits;
    const again = { ...message, version: world.message(deleteOf([])).version };
    expect(await world.replica.write(again)).toEqual(first);
    expect(await world.replica.outcome(message.operation_id)).toEqual(first);
    await world.replica.close();
    await world.start();
    expect(await world.replica.write(again)).toEqual(first);
    expect(world.commits).toBe(commits);
    expect(Object.keys(world.contents())).toEqual(["1"]);
  });

  it("is forgotten when its time is over", async () => {
    const world = await ReplicaWorld.open();
    const long = world.message(insertOf([1]), { remember_ms: 3_600_000 });
    const short = world.message(insertOf([2]));
    await Promise.all([world.replica.write(long), world.replica.write(short)]);
    await world.clock.advance(600_001);
    expect(await world.replica.outcome(short.operation_id)).toBeUndefined();
    expect(await world.replica.outcome(long.operation_id)).toBeDefined();
    await world.clock.advance(3_600_000);
    expect(await world.replica.outcome(long.operation_id)).toBeUndefined();
  });

  it("is settled by waiting for the write under way", async () => {
    const world = await ReplicaWorld.open();
    const message = world.message(insertOf([1]));
    const write = world.replica.write(message);
    const asked = world.replica.outcome(message.operation_id);
    expect(await asked).toBe(await write);
    expect(await world.replica.outcome("o:unheard of")).toBeUndefined();
  });

  it("of a refused write has no outcome, and may be tried again", async () => {
    const world = await ReplicaWorld.open();
    const message = world.message({ ...deleteOf([1]), if_versions: ["v0"] } as PackedWrite);
    const write = world.replica.write(message);
    const asked = world.replica.outcome(message.operation_id);
    await expect(write).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
    expect(await asked).toBeUndefined();
    await world.replica.write({ ...message, write: insertOf([1]) });
    expect(Object.keys(world.contents())).toEqual(["1"]);
  });
});

describe("a commit that fails", () => {
  const causes: Record<string, (world: ReplicaWorld) => void> = {
    "a full disk": ({ disk }) => disk.medium.limitBytes(disk.medium.usedBytes + 2 * rowBytes),
    "a full table": ({ tables }) =>
      tables.failNextCommit(new DvespError("STORAGE_FULL", "the table is full")),
    "no shared memory": (world) => {
      world.reserve = () => {
        world.reserve = () => Promise.resolve();
        return Promise.reject(new DvespError("STORAGE_FULL", "no memory left for rows"));
      };
    },
  };

  it.each(Object.keys(causes))("for %s is refused, and the next one works", async (cause) => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf([1, 2, 3])));
    await world.replica.write(world.message(deleteOf([3])));
    const lost = [insertOf([1, 4, 5, 6, 7]), deleteOf([2]), insertOf([8])];
    causes[cause]?.(world);
    const messages = lost.map((write) => world.message(write));
    const ends = await Promise.allSettled(messages.map((one) => world.replica.write(one)));
    expect(ends[0]).toMatchObject({ status: "rejected", reason: { code: "STORAGE_FULL" } });
    for (const [index, end] of ends.entries()) {
      const outcome = await world.replica.outcome(messages[index]?.operation_id as string);
      expect(outcome === undefined).toBe(end.status === "rejected");
    }
    expectWhole(world);
    expect(world.failures).toEqual([]);

    world.disk.medium.limitBytes(Infinity);
    for (const message of messages) await world.replica.write(message);
    expect(Object.keys(world.contents())).toEqual(["1", "4", "5", "6", "7", "8"]);
    expectWhole(world);
    await world.replica.close();
    await world.start();
    expectWhole(world);
  });

  it.each(Object.keys(causes))("for %s leaves no trace", async (cause) => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf([1, 2, 3])));
    await world.replica.write(world.message(deleteOf([3])));
    const before = stateOf(world);
    causes[cause]?.(world);
    const write = world.replica.write(world.message(insertOf([1, 3, 4, 5])));
    await expect(write).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(stateOf(world)).toEqual(before);
    expect(world.told).toHaveLength(2);
  });

  it("moves the epoch, so that searches do not trust what they read meanwhile", async () => {
    const world = await ReplicaWorld.open();
    const { epoch } = world.rows;
    await world.replica.write(world.message(insertOf([1])));
    expect(world.rows.epoch).toBe(epoch);
    world.tables.failNextCommit(new DvespError("STORAGE_FULL", "full"));
    await world.replica.write(world.message(insertOf([2]))).catch(() => undefined);
    expect(world.rows.epoch).toBeGreaterThan(epoch);
  });

  it("for want of room leaves searches under way alone", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf([1])));
    const { epoch } = world.rows;
    world.disk.medium.limitBytes(world.disk.medium.usedBytes);
    const write = world.replica.write(world.message(insertOf([2, 3])));
    await expect(write).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(world.rows).toMatchObject({ epoch, written: 1 });
    world.disk.medium.limitBytes(Infinity);
    await world.replica.write(world.message(insertOf([4])));
    expect(Object.keys(world.contents())).toEqual(["1", "4"]);
  });

  it("on a broken medium ends the replica before it settles anything; the next one knows", async () => {
    const world = await ReplicaWorld.open();
    await world.replica.write(world.message(insertOf([1])));
    world.disk.medium.failSync(1);
    const messages = [2, 3].map((n) => world.message(insertOf([n])));
    const failedBefore: number[] = [];
    const count = (): void => void failedBefore.push(world.failures.length);
    for (const message of messages) world.replica.write(message).then(count, count);
    await world.clock.advance(60_000);
    expect(world.failures).toEqual([expect.objectContaining({ code: "INTERNAL" })]);
    expect(failedBefore).toEqual([1, 1]);

    await world.replica.close();
    await world.start();
    for (const { operation_id } of messages) {
      expect(await world.replica.outcome(operation_id)).toBeUndefined();
    }
    expectWhole(world);
    for (const message of messages) await world.replica.write(message);
    expect(Object.keys(world.contents())).toEqual(["1", "2", "3"]);
    expectWhole(world);
  });
});

const ids = fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 5 });
const anyWrite = fc.oneof(
  ids.map((ns): PackedWrite => insertOf(ns)),
  ids.map(deleteOf),
  fc.tuple(ids, fc.nat(3)).map(([ns, value]): PackedWrite => {
    const metadata = packBytes(ns.map(() => encodeMetadata({ value }, "metadata")));
    return { kind: "update", ids: packIds(ns), metadata_mode: "merge", metadata };
  }),
);

describe("the Merkle root", () => {
  it("is that of the rows, after whatever writes, failures and restarts", async () => {
    const fate = fc.constantFrom("works", "works", "works", "full", "restart");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ writes: fc.array(anyWrite, { maxLength: 4 }), fate }), {
          maxLength: 8,
        }),
        async (steps) => {
          const world = await ReplicaWorld.open();
          for (const { writes, fate: what } of steps) {
            if (what === "full")
              world.tables.failNextCommit(new DvespError("STORAGE_FULL", "full"));
            const messages = writes.map((write) => world.message(write));
            await Promise.allSettled(messages.map((one) => world.replica.write(one)));
            if (what === "restart") {
              await world.replica.close();
              await world.start();
            }
            expectWhole(world);
            await drainMicrotasks();
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
