/** What a replica says of its rows by buckets is always that of one commit. */
import { expect, it } from "vitest";
import { randomBelow, randomFraction, seededRandom } from "../../../src/base/index.js";
import { MerkleTree, merkleBucket, rootOfLeaves } from "../../../src/consistency/index.js";
import type { BucketCounts, WriteReply } from "../../../src/actors/replica/replication-messages.js";
import { ReplicaWorld, deleteOf, idOf, insertOf } from "../../support/replica-world.js";

const seed = Number(process.env.SEED ?? 3);

it(`counts rows by buckets, of the commit whose leaves it gives (SEED=${seed})`, async () => {
  const world = await ReplicaWorld.open();
  const random = seededRandom(seed);
  const live = new Set<number>();
  const writes: Promise<{ readonly reply: WriteReply; readonly rows: number }>[] = [];
  const answers: Promise<BucketCounts | undefined>[] = [];
  // Also when a commit is on the disk, and its replica has not heard so yet.
  world.tables.onCommit = ({ when }) => {
    if (when === "after") answers.push(world.ask({ type: "bucket_counts" }));
  };
  for (let step = 0; step < 60; step++) {
    const ns = [...new Set([0, 1, 2, 3].map(() => randomBelow(random, 40)))];
    const isInsert = randomFraction(random) < 0.7;
    for (const n of ns) {
      if (isInsert) live.add(n);
      else live.delete(n);
    }
    const rows = live.size;
    const write = world.replica.write(world.message(isInsert ? insertOf(ns) : deleteOf(ns)));
    writes.push(write.then((reply) => ({ reply, rows })));
    answers.push(world.ask({ type: "bucket_counts" }));
    if (step % 3 === 0) await world.clock.advance(1);
    if (step !== 30) continue;
    await world.clock.advance(100);
    await Promise.all([...writes, ...answers]);
    await world.restart();
  }
  await world.clock.advance(1000);
  // Of writes that were committed together the last one says how many rows there were.
  const rowsOf = new Map([[new MerkleTree().root(), 0]]);
  for (const { reply, rows } of await Promise.all(writes)) {
    if ("root" in reply) rowsOf.set(reply.root, rows);
  }
  const told = (await Promise.all(answers)).filter((one) => one !== undefined);
  expect(told.length).toBeGreaterThan(20);
  for (const { leaves, counts } of told) {
    expect(counts.reduce((sum, one) => sum + one)).toBe(rowsOf.get(rootOfLeaves(leaves)));
  }
  const last = await world.ask<BucketCounts>({ type: "bucket_counts" });
  const expected = new Uint32Array(4096);
  for (const n of live) (expected[merkleBucket(idOf(n))] as number)++;
  expect(last.counts).toEqual(expected);
  expect(rootOfLeaves(last.leaves)).toBe(world.replica.status().root);
});
