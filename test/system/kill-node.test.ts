/**
 * A node process killed at random while it takes writes: after each restart every acknowledged row is
 * there as it was sent, no batch is there in part, and `dvesp verify` finds nothing.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../dist/index.js";
import type { VectorStore } from "../../dist/index.js";
import { randomBelow, randomFraction, randomUuid, seededRandom } from "../../src/base/index.js";
import { NodeProcess, runCommand } from "../support/node-process.js";

const collection = "docs";
const dimension = 32;
const rounds = 6;
const lifeMsMax = 1500;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

interface Batch {
  readonly number: number;
  readonly ids: readonly string[];
  readonly vectors: readonly Float32Array[];
}

let batches = 0;

function someBatch(): Batch {
  const rows = 1 + randomBelow(random, 300);
  return {
    number: ++batches,
    ids: Array.from({ length: rows }, () => randomUuid(random)),
    vectors: Array.from({ length: rows }, () =>
      Float32Array.from({ length: dimension }, () => randomFraction(random)),
    ),
  };
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

describe(`kill -9 of a node under load (SEED=${seed})`, () => {
  let path: string;
  const acknowledged: Batch[] = [];
  const unknown: Batch[] = [];

  beforeAll(async () => void (path = await mkdtemp(join(tmpdir(), "dvesp-kill-"))));
  afterAll(() => rm(path, { recursive: true, force: true }));

  async function writeUntilKilled(store: VectorStore, node: NodeProcess): Promise<void> {
    let alive = true;
    void node.exited.then(() => (alive = false));
    while (alive) {
      const batch = someBatch();
      const { ids, vectors, number } = batch;
      try {
        const metadata = vectors.map(() => ({ batch: number }));
        const answer = await store.insert({ collection, ids, vectors, metadata, timeout_ms: 2000 });
        (answer.status === "success" ? acknowledged : unknown).push(batch);
      } catch {
        unknown.push(batch);
      }
    }
  }

  async function checkAll(store: VectorStore): Promise<void> {
    for (const { ids, vectors } of acknowledged) {
      const answer = await store.get({ collection, ids });
      expect(answer.missing_ids).toEqual([]);
      const changed = answer.vectors.filter(({ vector }, row) => !isSame(vector!, vectors[row]!));
      expect(changed).toEqual([]);
    }
    for (const { ids, number } of unknown) {
      const { count } = await store.count({ collection, filter: { batch: number } });
      expect([0, ids.length]).toContain(count);
    }
  }

  it(`loses nothing acknowledged in ${rounds} rounds`, async () => {
    for (let round = 0; round < rounds; round++) {
      const node = await NodeProcess.start(path, "--threads", "1");
      const store = connect({ nodes: [node.address], timeout_ms: 10_000 });
      if (round > 0) await checkAll(store);
      const load = [writeUntilKilled(store, node), writeUntilKilled(store, node)];
      const lifeMs = 200 + randomBelow(random, lifeMsMax);
      await new Promise((resolve) => setTimeout(resolve, lifeMs));
      await node.kill("SIGKILL");
      await Promise.all(load);
      await store.close();
    }
    expect(acknowledged.length).toBeGreaterThan(rounds);
    const last = await NodeProcess.start(path, "--threads", "1");
    const store = connect({ nodes: [last.address], timeout_ms: 10_000 });
    await checkAll(store);
    const vector = acknowledged[0]!.vectors[0]!;
    const { results } = await store.search({ collection, query_vector: vector, top_k: 1 });
    expect(results[0]!.distance).toBeLessThan(1e-6);
    await store.close();
    expect(await last.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  }, 180_000);

  it("leaves a directory that verifies", async () => {
    const { code, stdout } = await runCommand("verify", "--data", path);
    expect(stdout).toContain("all sound");
    expect(code).toBe(0);
  });
});
