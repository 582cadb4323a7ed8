import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import type { ListFacts, RebalanceStep } from "../../../src/index/index.js";
import { decideRebalance } from "../../../src/supervisors/decide-rebalance.js";
import { EventBus, rebalanceLists } from "../../../src/supervisors/index.js";

const settled: ListFacts = {
  rows: 10_000,
  lists: 100,
  lists_wanted: 100,
  largest: 150,
  smallest: 50,
  oversized: 0,
  undersized: 0,
  trained_rows: 10_000,
  drift: 1,
};

describe("decideRebalance", () => {
  it.each([
    ["nothing for few rows", { rows: 900, trained_rows: 0 }, undefined],
    ["nothing when all is well", {}, undefined],
    ["the first training", { trained_rows: 0 }, { kind: "train" }],
    ["training after growth", { rows: 40_000 }, { kind: "train" }],
    ["no training for drift alone", { drift: 3 }, undefined],
    ["training after drift and growth", { rows: 15_000, drift: 1.5 }, { kind: "train" }],
    ["splits", { oversized: 3, undersized: 2 }, { kind: "split", lists: 3 }],
    ["a bounded number of splits", { oversized: 300 }, { kind: "split", lists: 16 }],
    ["merges", { undersized: 2 }, { kind: "merge", lists: 2 }],
    ["no merge of the only list", { lists: 1, undersized: 1 }, undefined],
  ] as const)("asks for %s", (_, facts, step) => {
    expect(decideRebalance({ ...settled, ...facts })).toEqual(step);
  });
});

interface Command {
  readonly collection: string;
  readonly step: RebalanceStep;
  readonly answer: (facts: ListFacts) => void;
  readonly fail: () => void;
}

describe("rebalanceLists", () => {
  const start = () => {
    const clock = new VirtualClock();
    const bus = new EventBus();
    const commands: Command[] = [];
    const stop = rebalanceLists({
      events$: bus.events$,
      clock,
      command: ({ collection }, step) =>
        new Promise((answer, reject) => {
          const fail = (): void => reject(new Error("no memory"));
          commands.push({ collection, step, answer, fail });
        }),
    });
    const tell = (facts: Partial<ListFacts>, collection = "a"): void =>
      bus.publish({
        ...{ ...settled, ...facts, collection, shard: 0, distance_metric: "l2" },
        ...{ type: "index_lists", time_ms: clock.now() },
      });
    /** Lets promises settle, then time pass. */
    const pass = async (ms: number): Promise<void> => {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      await clock.advance(ms);
    };
    return { bus, commands, stop, tell, pass };
  };

  it("looks at the newest of many facts, once they have settled", async () => {
    const { commands, tell, pass } = start();
    tell({ oversized: 1 });
    tell({ oversized: 5 });
    expect(commands).toHaveLength(0);
    await pass(1000);
    expect(commands.map(({ step }) => step)).toEqual([{ kind: "split", lists: 5 }]);
  });

  it("gives one command at a time, rests, and goes on until nothing is left to do", async () => {
    const { commands, tell, pass } = start();
    tell({ oversized: 20 });
    await pass(1000);
    tell({ oversized: 30 });
    await pass(60_000);
    expect(commands).toHaveLength(1);
    commands[0]!.answer({ ...settled, oversized: 4 });
    await pass(10);
    expect(commands).toHaveLength(1);
    await pass(1000);
    expect(commands[1]!.step).toEqual({ kind: "split", lists: 4 });
    commands[1]!.answer(settled);
    await pass(1000);
    await pass(1000);
    expect(commands).toHaveLength(2);
    tell({ undersized: 1 });
    await pass(1000);
    expect(commands[2]!.step).toEqual({ kind: "merge", lists: 1 });
  });

  it("keeps collections apart, and survives a command that failed", async () => {
    const { commands, tell, pass } = start();
    tell({ oversized: 1 });
    tell({ undersized: 1 }, "b");
    await pass(1000);
    expect(commands.map(({ collection }) => collection)).toEqual(["a", "b"]);
    commands[0]!.fail();
    await pass(1000);
    tell({ oversized: 2 });
    await pass(1000);
    expect(commands[2]).toMatchObject({ collection: "a", step: { kind: "split", lists: 2 } });
  });

  it("gives no command after it was stopped", async () => {
    const { commands, stop, tell, pass } = start();
    tell({ oversized: 1 });
    stop();
    await pass(1000);
    expect(commands).toHaveLength(0);
  });
});
