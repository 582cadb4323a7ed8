/** Rebalances lists until nothing is left to do, as a node does in the background. */
import { expect } from "vitest";
import type { IndexBuilder, RebalanceStep } from "../../../src/index/index.js";

/** Trains once, and again when the rows have grown by this factor. */
const trainingGrowth = 4;

export async function settleLists({ rebalancing }: IndexBuilder): Promise<void> {
  if (!rebalancing) throw new Error("an index of lists");
  const { rows, trained_rows } = rebalancing.facts();
  if (rows > 0 && rows >= trained_rows * trainingGrowth) await run(rebalancing, { kind: "train" });
  await run(rebalancing, { kind: "split", lists: 1000 });
  await run(rebalancing, { kind: "merge", lists: 1000 });
}

async function run(
  rebalancing: NonNullable<IndexBuilder["rebalancing"]>,
  step: RebalanceStep,
): Promise<void> {
  await rebalancing.begin(step);
  let state = rebalancing.advance();
  while (state === "more") state = rebalancing.advance();
  expect(state).toBe("done");
}
