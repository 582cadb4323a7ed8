import { describe, expect, it } from "vitest";
import { runHistory } from "../../conformance/write-histories.js";
import { ModelReplica } from "../../support/model-replica.js";

const first = Number(process.env.SEED ?? 1);
const seeds = Number(process.env.SEEDS ?? 200);

describe(`writes to replicated rows, on replicas of a model (SEED=${first})`, () => {
  it.each([1, 3])("have an order, whatever fails, with %i shards", async (shards) => {
    const total = { operations: 0, successes: 0, partial: 0, failed: 0, unknown: 0, conflicts: 0 };
    for (let seed = first; seed < first + seeds; seed++) {
      const { violation, counts } = await runHistory({
        seed,
        shards,
        make: (_, __, clock) => Promise.resolve(new ModelReplica(() => clock.now(), 2)),
      });
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
      expect(violation && `SEED=${seed}: ${violation.what}\n${violation.trace.join("\n")}`).toBe(
        undefined,
      );
    }
    expect(total.successes).toBeGreaterThan(total.operations / 3);
  });
});
