import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import type { Clock } from "../../../src/base/index.js";
import { runHistory } from "../../conformance/write-histories.js";
import { dimension } from "../../support/history-world.js";
import { MemoryReplica } from "../../support/memory-replica.js";
import { ModelReplica } from "../../support/model-replica.js";
import type { HostedReplica } from "../../support/replica-cluster.js";

const first = Number(process.env["SEED"] ?? 1);
const seeds = Number(process.env["SEEDS"] ?? 100);

type Make = (seed: number) => (node: string, shard: number, clock: Clock) => Promise<HostedReplica>;

const replicas: Readonly<Record<string, { readonly make: Make; readonly share: number }>> = {
  model: {
    make: () => (_, __, clock) => Promise.resolve(new ModelReplica(() => clock.now(), dimension)),
    share: 1,
  },
  real: {
    make: (seed) => (_, shard, clock) =>
      MemoryReplica.open(clock, dimension, seededRandom(seed * 64 + shard)),
    share: 0.2,
  },
};

describe.each(["model", "real"])(`write histories on %s replicas (SEED=${first})`, (kind) => {
  const { make, share } = replicas[kind] as (typeof replicas)[string];

  it.each([1, 3])("have an order, whatever fails, with %i shards", async (shards) => {
    const total = { operations: 0, successes: 0, partial: 0, failed: 0, unknown: 0, conflicts: 0 };
    for (let seed = first; seed < first + seeds * share; seed++) {
      const { violation, counts } = await runHistory({ seed, shards, make: make(seed) });
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
      const report = violation && `SEED=${seed}: ${violation.what}\n${violation.trace.join("\n")}`;
      expect(report).toBe(undefined);
    }
    expect(total.successes).toBeGreaterThan(total.operations / 3);
  });
});
