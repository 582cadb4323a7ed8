/**
 * Power fails on both sides of every commit and sync, while a replica among several is asked everything at
 * random: what it answered still holds, and what it did not answer is there as a whole or not at all.
 */
import { describe, expect, it } from "vitest";
import { MemoryDisk, randomBelow, seededRandom } from "../../../src/base/index.js";
import type { Random } from "../../../src/base/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import type { ReplicaQuestion } from "../../../src/actors/replica/answer-message.js";
import { MemoryTables } from "../../../src/storage/index.js";
import {
  ReplicaWorld,
  deleteOf,
  expectWhole,
  insertOf,
  packIds,
  versionOf,
} from "../../support/replica-world.js";

const seed = Number(process.env.SEED ?? 20_250_301);
const epoch = 0;

/** All that must outlast a crash, as text that compares well. */
function stateOf(world: ReplicaWorld): string {
  const snapshot = world.store.snapshot();
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const state = {
    rows: [...snapshot.scanIds(undefined)].map(({ id, ordinal }) => {
      const row = snapshot.row(ordinal);
      return [hex(id), row?.version, hex(row?.metadata ?? id), ...world.rows.vector(ordinal)];
    }),
    tombstones: [...snapshot.tombstones()].map(({ id, version }) => [hex(id), version]),
    promises: [...snapshot.promises()].map(({ id, ballot, base }) => [hex(id), ballot, base]),
    stages: [...snapshot.stages()].map(({ operation, info }) => [operation, hex(info)]),
    operations: [...snapshot.operations("", "", 0)].map(({ key, value }) => [key, hex(value)]),
    standing: hex(snapshot.standing ?? new Uint8Array(0)),
  };
  snapshot.release();
  return JSON.stringify(state);
}

function randomWrite(random: Random): PackedWrite {
  const ns = [0, 1, 2, 3, 4, 5, 6, 7].filter(() => randomBelow(random, 3) === 0);
  return randomBelow(random, 4) === 0 ? deleteOf(ns) : insertOf(ns);
}

function randomQuestion(random: Random, world: ReplicaWorld, step: number): ReplicaQuestion {
  const version = versionOf(step + 10 - randomBelow(random, 8));
  const operation_id = `o:${randomBelow(random, step + 1) >> 1}`;
  const rule = randomBelow(random, 2) === 0 ? "late" : "ordered";
  const key = `batch/${randomBelow(random, 3)}`;
  switch (randomBelow(random, 10)) {
    case 0:
      return {
        type: "prepare",
        epoch,
        ids: packIds([randomBelow(random, 8)]),
        ballot: version,
        contents: true,
      };
    case 1:
      return {
        type: "stage",
        epoch,
        operation_id: `b:${step}`,
        version,
        home: 0,
        write: randomWrite(random),
      };
    case 2:
    case 3: {
      const [batch] = world.replica.staged();
      const commit = randomBelow(random, 3) > 0;
      return { type: "decide", operation_id: batch?.operation_id ?? "b:none", commit };
    }
    case 4:
      return { type: "register_prepare", epoch, key, ballot: version };
    case 5: {
      const expires_ms = world.clock.now() + 1_000_000;
      return {
        type: "register_accept",
        epoch,
        key,
        ballot: version,
        value: Uint8Array.of(step),
        expires_ms,
      };
    }
    case 6: {
      const drop = versionOf(step);
      return { type: "converged", version: versionOf(step), drop };
    }
    default:
      return world.replicated(randomWrite(random), 0, {
        version,
        operation_id,
        replicated: { rule, epoch },
      });
  }
}

interface Image {
  readonly point: string;
  readonly disk: MemoryDisk;
  readonly tables: MemoryTables;
  /** The last commit as of then. */
  readonly expected: string;
}

/** What an answer says happened, in a word. */
function kindOf(question: ReplicaQuestion, answer: unknown): string {
  const words = ["refused", "staged", "aborted", "late", "root", "promised", "missing"];
  const word = words.find((one) => one in (answer as object)) ?? "other";
  return `${question.type} ${word}`;
}

async function checkImage({ point, disk, tables, expected }: Image): Promise<void> {
  const left = new ReplicaWorld();
  left.disk = disk;
  left.tables = tables;
  await left.start();
  expect(stateOf(left), point).toBe(expected);
  expectWhole(left);
  await left.replica.close();
  expect(await left.problems(), point).toEqual([]);
}

function tombstones(world: ReplicaWorld): number {
  const snapshot = world.store.snapshot();
  const { length } = [...snapshot.tombstones()];
  snapshot.release();
  return length;
}

describe(`crashes of a replica among several (SEED=${seed})`, () => {
  it("leave the last commit, whole, at every point", async () => {
    const random = seededRandom(seed);
    const world = await ReplicaWorld.open();
    const images: Image[] = [];
    const kinds = new Set<string>();
    let committed = stateOf(world);
    let dropped = 0;
    const take = (point: string): void => {
      const [disk, tables] = [world.disk.crash(random), world.tables.crash()];
      images.push({ point, disk, tables, expected: committed });
    };
    world.disk.medium.onSync = ({ when }) => take(`${when} sync`);
    world.tables.onCommit = ({ when }) => {
      if (when === "after") committed = stateOf(world);
      take(`${when} commit`);
    };
    for (let step = 0; step < 150; step++) {
      const question = randomQuestion(random, world, step);
      const buried = tombstones(world);
      const answer = await world.ask<object>(question).catch((error: unknown) => error as object);
      kinds.add(kindOf(question, answer));
      if (question.type === "converged") dropped += buried - tombstones(world);
      expect(stateOf(world)).toBe(committed);
      expectWhole(world);
    }
    expect(world.failures).toEqual([]);
    expect(dropped).toBeGreaterThan(3);
    const seen = ["prepare refused", "prepare late", "stage staged", "decide aborted"];
    seen.push("decide root", "write refused", "write root", "register_accept promised");
    expect([...kinds]).toEqual(expect.arrayContaining(seen));
    expect(new Set(images.map(({ point }) => point)).size).toBe(4);
    expect(images.length).toBeGreaterThan(200);
    for (const image of images) await checkImage(image);
  }, 120_000);

  it("lose nothing that was answered", async () => {
    const random = seededRandom(seed + 1);
    const world = await ReplicaWorld.open();
    for (let life = 0; life < 30; life++) {
      for (let step = 0; step < 5; step++) {
        const question = randomQuestion(random, world, 5 * life + step);
        await world.ask(question).catch(() => undefined);
      }
      const answered = stateOf(world);
      await world.crash(random);
      expect(stateOf(world)).toBe(answered);
      expectWhole(world);
    }
  }, 60_000);
});
