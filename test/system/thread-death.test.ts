/**
 * Any worker thread may die at any moment: no acknowledged write is lost, no answer is wrong, and the
 * node serves again within two seconds.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filter, firstValueFrom } from "rxjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDvespError, open } from "../../dist/index.js";
import type { OpenStore } from "../../dist/index.js";
import { randomFraction, seededRandom } from "../../src/base/index.js";

const collection = "docs";
const dimension = 16;
const rowsBefore = 2000;
const servingAgainMsMax = 2000;
const loadMs = 400;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

const someVector = (): Float32Array =>
  Float32Array.from({ length: dimension }, () => randomFraction(random) - 0.5);

const hosts = ["search-0", "search-1", "write-0", "build-0"];
const deaths = ["throw", "exit", "terminate"] as const;
const cases = hosts.flatMap((host) => deaths.map((how) => [host, how] as const));

describe(`the death of a worker thread (SEED=${seed})`, () => {
  let path: string;
  let store: OpenStore;
  /** Every acknowledged row, by id. */
  const rows = new Map<string, Float32Array>();

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-death-"));
    store = await open({ path, threads: 2, test_hooks: true });
    const vectors = Array.from({ length: rowsBefore }, someVector);
    const { vector_ids } = await store.insert({ collection, vectors });
    vector_ids.forEach((id, index) => rows.set(id, vectors[index]!));
  });
  afterAll(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  /** The nearest row of those acknowledged before and after the search, by plain arithmetic. */
  function cosine(a: Float32Array, b: Float32Array): number {
    let [dot, aa, bb] = [0, 0, 0];
    a.forEach((value, index) => {
      dot += value * b[index]!;
      aa += value * value;
      bb += b[index]! * b[index]!;
    });
    return 1 - dot / Math.sqrt(aa * bb);
  }

  async function searchUntil(stopped: () => boolean, answers: { ms: number }[]): Promise<void> {
    while (!stopped()) {
      const query_vector = someVector();
      const known = [...rows.values()];
      const began = performance.now();
      const { results } = await store.search({ collection, query_vector, top_k: 1, exact: true });
      answers.push({ ms: performance.now() - began });
      const nearest = Math.min(...known.map((row) => cosine(query_vector, row)));
      expect(results[0]!.distance).toBeLessThan(nearest + 1e-5);
      expect(results[0]!.distance).toBeCloseTo(cosine(query_vector, results[0]!.vector!), 4);
    }
  }

  async function insertUntil(stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      const vector = someVector();
      try {
        const answer = await store.insert({ collection, vectors: [vector] });
        if (answer.status === "success") rows.set(answer.vector_ids[0]!, vector);
      } catch (error) {
        if (!isDvespError(error) || !["TIMEOUT", "OVERLOADED"].includes(error.code)) throw error;
      }
    }
  }

  it.each(cases)("of %s by %s costs nothing acknowledged", async (host, how) => {
    let stopped = false;
    const answers: { ms: number }[] = [];
    const load = [
      searchUntil(() => stopped, answers),
      searchUntil(() => stopped, answers),
      insertUntil(() => stopped),
    ];
    await new Promise((resolve) => setTimeout(resolve, loadMs / 2));
    const replaced = firstValueFrom(
      store.events$.pipe(filter(({ type }) => type === "host_replaced")),
    );
    const began = performance.now();
    await store.kill_thread(host, how);
    await store.insert({ collection, vectors: [someVector()] });
    await store.search({ collection, query_vector: someVector(), top_k: 10 });
    const servedAfter = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, loadMs));
    stopped = true;
    await Promise.all(load);
    // Only a thread that runs can be killed again.
    await replaced;
    expect(servedAfter).toBeLessThan(servingAgainMsMax);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(servingAgainMsMax);
    const { missing_ids } = await store.get({ collection, ids: [...rows.keys()].slice(0, 10_000) });
    expect(missing_ids).toEqual([]);
  });

  it("leaves exactly the rows that were acknowledged or whose fate was unknown", async () => {
    const { count } = await store.count({ collection });
    expect(count).toBeGreaterThanOrEqual(rows.size);
    expect(count).toBeLessThanOrEqual(rows.size + 2 * cases.length);
  });
});

it("refuses to kill a thread unless test hooks are on", async () => {
  const path = await mkdtemp(join(tmpdir(), "dvesp-death-"));
  const store = await open({ path, threads: 1 });
  const refused = expect.objectContaining({ code: "PERMISSION_DENIED" }) as Error;
  await expect(store.kill_thread("search-0", "exit")).rejects.toEqual(refused);
  await store.close();
  await rm(path, { recursive: true, force: true });
});
