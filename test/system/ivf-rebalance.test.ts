/**
 * An index of lists grows and is rebalanced by its node while it is searched: every answer holds as many
 * rows as asked for, each once; a search of all lists finds each row by its own vector at all times, one
 * of the usual effort nearly always, also after the node was stopped and started.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { randomFraction, seededRandom } from "../../dist/base/index.js";
import { open, type OpenStore } from "../../dist/index.js";

const collection = "lists";
const dimension = 24;
const batchRows = 1000;
const batches = 9;
const seed = 20_261;

/** Rows around centres that move from batch to batch, so that lists must follow. */
function batchOf(number: number): Float32Array[] {
  const random = seededRandom(seed + number);
  const spread = (): number => randomFraction(random) + randomFraction(random) - 1;
  return Array.from({ length: batchRows }, (_, row) =>
    Float32Array.from(
      { length: dimension },
      (_unused, at) => Math.sin((row % 20) * (at + 1)) + (at % 5 === number % 5 ? 3 : 0) + spread(),
    ),
  );
}

describe(`an index of lists in a node (seed ${seed})`, () => {
  let path: string;
  let store: OpenStore;

  afterEach(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  it("is trained, split and searched while rows come", async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-ivf-"));
    store = await open({ path, threads: 2 });
    const finished: { step: string; after: number }[] = [];
    const progress = new Set<string>();
    let rows = 0;
    store.events$.subscribe((event) => {
      progress.add(event.type);
      if (event.type === "index_lists") rows = event["rows"] as number;
      if (event.type !== "index_rebalance_finished") return;
      finished.push({ step: event["step"] as string, after: event["lists_after"] as number });
    });
    await store.create_collection({
      collection,
      dimension,
      distance_metric: "l2",
      index: { type: "ivf" },
    });
    const known: { id: string; vector: Float32Array }[] = [];
    const random = seededRandom(seed);
    let searches = 0;
    let found = 0;
    const check = async (): Promise<void> => {
      const one = known[Math.floor(randomFraction(random) * known.length)]!;
      const request = { collection, query_vector: one.vector, top_k: 20 };
      const { results } = await store.search(request);
      expect(results).toHaveLength(20);
      expect(new Set(results.map(({ id }) => id)).size).toBe(20);
      searches++;
      if (results[0]!.id === one.id) found++;
      const all = await store.search({ ...request, nprobe: 16_384 });
      expect(all.results[0]).toMatchObject({ id: one.id, distance: 0 });
    };
    for (let number = 0; number < batches; number++) {
      const vectors = batchOf(number);
      const { vector_ids } = await store.insert({ collection, vectors });
      vector_ids.forEach((id, at) => known.push({ id, vector: vectors[at]! }));
      for (let round = 0; round < 60; round++) await check();
    }
    const total = batchRows * batches;
    await expect
      .poll(() => rows >= total * 0.9 && finished.some(({ step }) => step === "split"), {
        timeout: 60_000,
      })
      .toBe(true);
    for (let round = 0; round < 150; round++) await check();
    expect(finished.map(({ step }) => step)).toContain("train");
    expect(finished.at(-1)!.after).toBeGreaterThan(20);
    expect([...progress]).toEqual(
      expect.arrayContaining([
        "index_lists",
        "index_rebalance_started",
        "index_rebalance_finished",
        "index_published",
      ]),
    );
    const probed = await store.search({
      collection,
      query_vector: known[0]!.vector,
      nprobe: 2,
      explain: true,
    });
    expect(probed.metrics).toMatchObject({ exact: false, plan: { route: "probe", lists: 2 } });
    await store.close();
    store = await open({ path, threads: 2 });
    const trained: string[] = [];
    store.events$.subscribe(({ type, ...details }) => {
      if (type === "index_rebalance_started") trained.push(details["step"] as string);
    });
    for (let round = 0; round < 150; round++) await check();
    expect(await store.describe_collection({ collection })).toMatchObject({
      rows: total,
      indexed_rows: total,
    });
    expect(trained).not.toContain("train");
    expect(found / searches).toBeGreaterThan(0.98);
  }, 120_000);
});
