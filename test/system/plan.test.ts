/** Plans against what a real collection says of itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { open } from "../../dist/index.js";
import type { CollectionBytes, VectorStore } from "../../dist/index.js";
import { planCapacity } from "../../dist/node/index.js";
import { seededRandom } from "../../src/base/index.js";

const rows = 20_000;
/** Lists take memory in steps of 2 MiB: their rows must be large enough for steps not to count. */
const dimensions = { hnsw: 32, ivf: 384 };
const batchRows = 2000;
/** One member `text`: its name, two lengths, and the head of the map take 9 bytes. */
const metadataBytes = 200;
const metadata = { text: "x".repeat(metadataBytes - 9) };
const tolerance = 0.15;
const seed = 7;

async function fill(store: VectorStore, type: "hnsw" | "ivf"): Promise<CollectionBytes> {
  const collection = `plan-${type}`;
  const dimension = dimensions[type];
  await store.create_collection({ collection, dimension, index: { type } });
  const random = seededRandom(seed);
  for (let first = 0; first < rows; first += batchRows) {
    const data = Float32Array.from(
      { length: batchRows * dimension },
      () => random.uint32() / 2 ** 31 - 1,
    );
    const all = Array.from({ length: batchRows }, () => metadata);
    const vectors = { dimension, data };
    await store.insert({ collection, vectors, metadata: all, timeout_ms: 60_000 });
  }
  for (;;) {
    const found = await store.describe_collection({ collection });
    if (found.indexed_rows === rows) return found.bytes_per_row;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a plan", () => {
  it("is within 15 % of what a real collection takes", { timeout: 300_000 }, async () => {
    const path = mkdtempSync(join(tmpdir(), "dvesp-plan-"));
    const store = await open({ path });
    try {
      for (const index of ["hnsw", "ivf"] as const) {
        const real = await fill(store, index);
        const { bytes_per_row: planned } = planCapacity({
          rows,
          dimension: dimensions[index],
          metadataBytes,
          replicationFactor: 1,
          memoryPerNodeBytes: 2 ** 34,
          index,
        });
        const indexOf = (bytes: CollectionBytes): number =>
          bytes.index_codes_memory + bytes.index_links_memory;
        const near = (what: string, of: (bytes: CollectionBytes) => number): void => {
          const ratio = of(planned) / of(real);
          expect(Math.abs(ratio - 1), `${index}, ${what}: planned / real ${ratio}`).toBeLessThan(
            tolerance,
          );
        };
        near("vectors in memory", (bytes) => bytes.vectors_memory);
        // Lists are planned as they stand just after all of them were made anew: twice.
        if (index === "hnsw") near("index in memory", indexOf);
        else {
          expect(indexOf(real)).toBeLessThan(indexOf(planned) * (1 + tolerance));
          expect(indexOf(real)).toBeGreaterThan((indexOf(planned) / 2) * (1 - tolerance));
        }
        near("vector files", (bytes) => bytes.vectors_disk);
        near("records", (bytes) => bytes.rows_disk);
      }
    } finally {
      await store.close();
      rmSync(path, { recursive: true });
    }
  });
});
