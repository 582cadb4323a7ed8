/** Copies of a real replica answer what it would, for their ids: after writes, restarts and crashes of both. */
import { describe, expect, it } from "vitest";
import { DvespError, VirtualClock, seededRandom } from "../../../../src/base/index.js";
import { HalfFiller } from "../../../../src/actors/split/half-filler.js";
import { SplitCopy } from "../../../../src/actors/split/split-copy.js";
import type { AskReplica } from "../../../../src/actors/split/halves-check.js";
import { Throttle } from "../../../../src/actors/repair/throttle.js";
import type { PreparedRows } from "../../../../src/actors/replica/replication-messages.js";
import { hashOfId } from "../../../../src/cluster/index.js";
import {
  ReplicaWorld,
  applied,
  deleteOf,
  expectWhole,
  idOf,
  insertOf,
  packIds,
  versionOf,
} from "../../../support/replica-world.js";

const at = 2 ** 31;
const numbers = Array.from({ length: 60 }, (_, n) => n);
const ofSide = (side: number): number[] =>
  numbers.filter((n) => (hashOfId(idOf(n)) < at ? 0 : 1) === side);

class SplitWorld {
  /** Has the halves refuse what they are given. */
  isFull = false;
  readonly source: ReplicaWorld;
  readonly halves: readonly [ReplicaWorld, ReplicaWorld];
  readonly copy: SplitCopy;
  #count = 100;

  constructor(source: ReplicaWorld, halves: readonly [ReplicaWorld, ReplicaWorld]) {
    this.source = source;
    this.halves = halves;
    this.copy = new SplitCopy({
      ...{ copy: "s", at, perStep: 7, check: () => undefined },
      throttle: new Throttle(source.clock, 2 ** 40),
      source: (message) => source.ask(message),
      halves: [
        (message) => this.#give(halves[0], message),
        (message) => this.#give(halves[1], message),
      ],
    });
  }

  #give<Answer>(half: ReplicaWorld, message: Parameters<AskReplica>[0]): Promise<Answer> {
    if (this.isFull) return Promise.reject(new DvespError("STORAGE_FULL", "no room"));
    return half.ask(message);
  }

  static async open(): Promise<SplitWorld> {
    const clock = new VirtualClock();
    const make = (): Promise<ReplicaWorld> => ReplicaWorld.open({ clock });
    return new SplitWorld(await make(), [await make(), await make()]);
  }

  async put(ns: readonly number[]): Promise<string> {
    const message = this.source.replicated(insertOf(ns), this.#count++);
    await applied(this.source.replica.write(message));
    return message.operation_id;
  }

  async delete(ns: readonly number[]): Promise<void> {
    await applied(this.source.replica.write(this.source.replicated(deleteOf(ns), this.#count++)));
  }

  /** All is copied, and both halves are for their ids what the whole one is. */
  async expectAlike(): Promise<void> {
    for (const [side, half] of this.halves.entries()) {
      expectWhole(half);
      const own = ofSide(side);
      expect(half.versioned(own)).toEqual(this.source.versioned(own));
      expect(half.contents()).toEqual(
        Object.fromEntries(
          Object.entries(this.source.contents()).filter(([n]) => own.includes(Number(n))),
        ),
      );
    }
    const registers = { type: "registers", after: "", limit: 1000 } as const;
    const [whole, ...parts] = await Promise.all(
      [this.source, ...this.halves].map((one) => one.ask(registers)),
    );
    for (const part of parts) expect(part).toEqual(whole);
  }
}

describe("the halves of a replica", () => {
  it("have its rows, tombstones, outcomes and registers, each its own ids", async () => {
    const world = await SplitWorld.open();
    const operation_id = await world.put(numbers);
    await world.delete([1, 2, 3, 4]);
    const register = { epoch: 0, key: "batch/x", ballot: versionOf(3) };
    const value = Uint8Array.of(1);
    await world.source.ask({ type: "register_accept", ...register, value, expires_ms: 2e12 });
    await world.copy.everything();
    expect(await world.copy.changes()).toBe(true);
    await world.copy.memory();
    await world.expectAlike();
    const outcome = await world.source.replica.outcome(operation_id);
    for (const half of world.halves) {
      expect(await half.replica.outcome(operation_id)).toEqual(outcome);
      const { applied_version } = half.replica.merkle();
      expect(applied_version).toBe(world.source.replica.merkle().applied_version);
    }
  });

  it("follow what changes meanwhile, and keep it when they crash", async () => {
    const world = await SplitWorld.open();
    const random = seededRandom(1);
    await world.put(numbers);
    const copying = world.copy.everything();
    await world.delete([10, 11, 12]);
    await world.put([1, 2, 3, 11]);
    await copying;
    for (let round = 0; round < 5; round++) {
      await world.put([20 + round, 30 + round]);
      await world.delete([40 + round]);
      expect(await world.copy.changes()).toBe(true);
      await world.halves[round % 2]?.crash(random);
      await world.expectAlike();
    }
  });

  it("say so when the whole one has forgotten what changed, and forget what it forgot", async () => {
    const world = await SplitWorld.open();
    await world.put(numbers);
    await world.delete([5, 6]);
    await world.copy.everything();
    const version = versionOf(101);
    await world.source.ask({ type: "converged", version, drop: version });
    await world.source.restart();
    expect(await world.copy.changes()).toBe(false);
    await world.put([7]);
    await world.copy.everything();
    expect(await world.copy.changes()).toBe(true);
    await world.copy.memory();
    await world.expectAlike();
    for (const half of world.halves) expect(half.versioned([5, 6]).versions).toEqual(["", ""]);
  });

  it("forget what it forgot while nobody noted that", async () => {
    const world = await SplitWorld.open();
    await world.put(numbers);
    await world.copy.everything();
    await world.source.restart();
    await world.delete([5, 6]);
    const version = versionOf(101);
    await world.source.ask({ type: "converged", version, drop: version });
    expect(await world.copy.changes()).toBe(false);
    await world.copy.everything();
    expect(await world.copy.changes()).toBe(true);
    expect(await world.copy.isWhole()).toBe(true);
    await world.expectAlike();
  });

  it("keep its promises, and know what came past them", async () => {
    const world = await SplitWorld.open();
    await world.put([1, 2]);
    const ids = packIds([1, 2, 3, 4]);
    const question = { type: "prepare", epoch: 0, ids, contents: false } as const;
    await applied(world.source.ask<PreparedRows>({ ...question, ballot: versionOf(500) }));
    const late = { replicated: { rule: "late", epoch: 0 } } as const;
    await applied(world.source.replica.write(world.source.replicated(insertOf([1, 3]), 400, late)));
    await world.copy.everything();
    await world.copy.changes();
    await world.copy.memory();
    for (const [side, half] of world.halves.entries()) {
      if (side === 0) await half.restart();
      const own = packIds([1, 2, 3, 4].filter((n) => ofSide(side).includes(n)));
      const ask = (one: ReplicaWorld, ballot: number) =>
        one.ask<PreparedRows>({ ...question, ids: own, ballot: versionOf(ballot) });
      expect(await ask(half, 450)).toMatchObject({ refused: "behind", version: versionOf(500) });
      const [mine, whole] = [await ask(half, 600), await ask(world.source, 600)];
      expect(mine.late).toEqual(whole.late);
      expect(mine.versions).toEqual(whole.versions);
      expect(mine.promised.every((one, index) => one >= (whole.promised[index] ?? ""))).toBe(true);
    }
  });
});

/** One that runs, and has filled the halves. */
async function fillerOf({ source: { clock }, copy }: SplitWorld): Promise<HalfFiller> {
  const filler = new HalfFiller({ ...{ clock, lookMs: 1000, copy }, onFailure: () => undefined });
  filler.start();
  for (let step = 0; step < 100 && !filler.isFilled; step++) await clock.advance(10);
  return filler;
}

describe("filling halves", () => {
  it("copies all again when what had changed could not be given", async () => {
    const world = await SplitWorld.open();
    await world.put(numbers);
    const { clock } = world.source;
    const filler = await fillerOf(world);
    await world.put([1, 2, 3]);
    world.isFull = true;
    await expect(filler.finish()).rejects.toMatchObject({ code: "STORAGE_FULL" });
    world.isFull = false;
    for (let step = 0; step < 100 && !filler.isFilled; step++) await clock.advance(50);
    await filler.finish();
    await world.expectAlike();
    await filler.stop();
  });

  it("does not end before the halves are the whole", async () => {
    const world = await SplitWorld.open();
    await world.put(numbers);
    const filler = await fillerOf(world);
    const [side] = world.halves;
    await applied(side.replica.write(side.replicated(insertOf(ofSide(0).slice(0, 1)), 400)));
    await expect(filler.finish()).rejects.toMatchObject({ code: "OVERLOADED" });
    await filler.stop();
  });

  it("leaves with the halves what was promised last", async () => {
    const world = await SplitWorld.open();
    await world.put([1, 2]);
    const filler = await fillerOf(world);
    const question = { type: "prepare", epoch: 0, contents: false } as const;
    const ids = packIds(numbers);
    await applied(world.source.ask<PreparedRows>({ ...question, ids, ballot: versionOf(500) }));
    await filler.finish();
    for (const [side, half] of world.halves.entries()) {
      const own = { ...question, ids: packIds(ofSide(side)) };
      const older = await half.ask({ ...own, ballot: versionOf(450) });
      expect(older).toMatchObject({ refused: "behind", version: versionOf(500) });
    }
    await filler.stop();
  });

  it("goes on from failures, and brings them to the end only when they are filled", async () => {
    const world = await SplitWorld.open();
    await world.put(numbers);
    const failures: string[] = [];
    const { clock } = world.source;
    const filler = new HalfFiller({
      ...{ clock, lookMs: 100, copy: world.copy },
      onFailure: ({ code }) => failures.push(code),
    });
    await expect(filler.finish()).rejects.toMatchObject({ code: "OVERLOADED" });
    const untilFilled = async (): Promise<void> => {
      for (let step = 0; step < 100 && !filler.isFilled; step++) await clock.advance(50);
    };
    filler.start();
    await untilFilled();
    await world.put([1, 2]);
    await world.source.restart();
    await expect(filler.finish()).rejects.toMatchObject({ code: "OVERLOADED" });
    await untilFilled();
    await world.delete([1]);
    await filler.finish();
    await world.expectAlike();
    expect(failures).toEqual([]);
    await filler.stop();
  });
});
