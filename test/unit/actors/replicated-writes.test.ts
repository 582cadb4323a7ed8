/** Writes of one replica among several: versions decide, and nothing is half done. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packBytes } from "../../../src/base/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import {
  ReplicaWorld,
  applied,
  deleteOf,
  expectWhole,
  insertOf,
  packIds,
  versionOf,
} from "../../support/replica-world.js";

const late = { rule: "late", epoch: 0 } as const;

describe("an ordered write", () => {
  it("is refused as behind when one id has a larger version, and nothing of it is done", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 5)));
    await applied(world.replica.write(world.replicated(deleteOf([2]), 7)));
    const { root } = world.replica.status();
    for (const write of [insertOf([1, 2, 3]), deleteOf([3, 2, 1])]) {
      const reply = await world.replica.write(world.replicated(write, 4));
      expect(reply).toEqual({ refused: "behind", version: versionOf(7) });
    }
    expect(world.replica.status().root).toBe(root);
    expect(world.store.nextOrdinal).toBe(1);
    await applied(world.replica.write(world.replicated(insertOf([1, 2, 3]), 8)));
    expect(Object.keys(world.contents())).toEqual(["1", "2", "3"]);
    expectWhole(world);
  });

  it("is judged against those of its group, and their refusals wait for it", async () => {
    const world = await ReplicaWorld.open();
    const replies = await Promise.all([
      world.replica.write(world.replicated(insertOf([1]), 5)),
      world.replica.write(world.replicated(insertOf([1]), 4)),
      world.replica.write(world.replicated(insertOf([1]), 6)),
    ]);
    expect(replies.map((one) => "refused" in one)).toEqual([false, true, false]);
    expect(world.commits).toBe(1);
  });

  it("finds what it brought already there, of an equal version", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1, 2]), 5)));
    const { root } = world.replica.status();
    const again = await applied(world.replica.write(world.replicated(insertOf([1, 2]), 5)));
    expect(again).toMatchObject({ version: versionOf(5), root });
    expect(world.store.nextOrdinal).toBe(2);
    expectWhole(world);
  });

  it("is applied again under the same operation id when its stamp is later", async () => {
    const world = await ReplicaWorld.open();
    const first = world.replicated(insertOf([1]), 5);
    await applied(world.replica.write(first));
    const again = { ...first, version: versionOf(9) };
    const replies = await Promise.all([
      applied(world.replica.write(again)),
      applied(world.replica.write({ ...first, version: versionOf(7) })),
    ]);
    expect(replies.map(({ version }) => version)).toEqual([versionOf(9), versionOf(9)]);
    const outcome = await world.replica.outcome(first.operation_id);
    expect(outcome?.version).toBe(versionOf(9));
    expect((await applied(world.replica.write(first))).version).toBe(versionOf(9));
    expect(world.versioned([1]).versions).toEqual([versionOf(9)]);
    expect(world.replica.status().rows).toBe(1);
    expectWhole(world);
  });

  it("and an earlier stamp of it under way both count, in one group too", async () => {
    const world = await ReplicaWorld.open();
    void world.replica.write(world.replicated(insertOf([8]), 1));
    const first = world.replicated(insertOf([1]), 5);
    const replies = await Promise.all([
      applied(world.replica.write(first)),
      applied(world.replica.write({ ...first, version: versionOf(6) })),
      applied(world.replica.write({ ...first, version: versionOf(4) })),
    ]);
    expect(replies.map(({ version }) => version)).toEqual([5, 6, 6].map((n) => versionOf(n)));
    expect(world.versioned([1]).versions).toEqual([versionOf(6)]);
    expectWhole(world);
  });

  it("that deletes leaves tombstones for all its ids", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 5)));
    const done = await applied(world.replica.write(world.replicated(deleteOf([1, 2]), 6)));
    expect(done.ids).toEqual(new Uint8Array(packIds([1])));
    expect(done.missing).toEqual(new Uint8Array(packIds([2])));
    const { versions, live } = world.versioned([1, 2, 3]);
    expect(versions).toEqual([versionOf(6), versionOf(6), ""]);
    expect([...live]).toEqual([0, 0, 0]);
    expectWhole(world);
  });

  it.each([
    ["an update", { kind: "update", ids: packIds([1]), metadata_mode: "merge" }],
    ["a delete by filter", { kind: "delete", filter: {} }],
    ["a condition", { kind: "delete", ids: packIds([1]), if_versions: ["v"] }],
    ["half an id", { kind: "delete", ids: new Uint8Array(15) }],
    ["vectors of another shape", { ...insertOf([1]), vectors: new Float32Array(3) }],
    ["too little metadata", { ...insertOf([1]), metadata: packBytes([]) }],
  ] as [string, PackedWrite][])("refuses %s", async (_, write) => {
    const world = await ReplicaWorld.open();
    const reply = world.replica.write(world.replicated(write, 1));
    await expect(reply).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(world.failures).toEqual([]);
  });
});

describe("a late write", () => {
  it("changes what is older, and counts as applied", async () => {
    const world = await ReplicaWorld.open();
    await applied(world.replica.write(world.replicated(insertOf([1]), 5)));
    const hint = world.replicated(insertOf([1, 2]), 4, { replicated: late });
    const done = await applied(world.replica.write(hint));
    expect(done.ids).toEqual(packIds([1, 2]));
    expect(world.versioned([1, 2]).versions).toEqual([versionOf(5), versionOf(4)]);
    expect(world.store.nextOrdinal).toBe(2);
    expectWhole(world);
  });

  it("leads to the same rows and root in whichever order it comes", async () => {
    const step = fc.record({
      isDelete: fc.boolean(),
      ns: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        async (steps, order) => {
          const [one, other] = [await ReplicaWorld.open(), await ReplicaWorld.open({ node: "n2" })];
          const messages = steps.map(({ isDelete, ns }, index) =>
            one.replicated(isDelete ? deleteOf(ns) : insertOf(ns), index + 1, { replicated: late }),
          );
          const shuffled = messages
            .map((sent) => ({ sent, key: order.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .flatMap(({ sent }) => (sent.version.endsWith("1.n1") ? [sent, sent] : sent));
          for (const sent of messages) await applied(one.replica.write(sent));
          await Promise.all(shuffled.map((sent) => applied(other.replica.write(sent))));
          expect(other.replica.status().root).toBe(one.replica.status().root);
          expect(other.contents()).toEqual(one.contents());
          expectWhole(one);
          expectWhole(other);
        },
      ),
      { numRuns: 60 },
    );
  });
});
