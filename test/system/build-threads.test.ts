/** A node that is given several build threads builds with them, and finds what they built. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { open } from "../../dist/index.js";
import type { OpenStore } from "../../dist/index.js";
import { seededRandom } from "../../dist/base/index.js";
import { clusteredRows } from "../conformance/index-fixture.js";

const dimension = 16;
const rowCount = 4000;

let store: OpenStore | undefined;
let path: string | undefined;

describe("build_threads", () => {
  afterEach(async () => {
    await store?.close();
    store = undefined;
    if (path !== undefined) await rm(path, { recursive: true });
    path = undefined;
  });

  it("take in every row, and none of them is lost", async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-build-"));
    store = await open({ path, threads: 1, build_threads: 3 });
    const types = new Set<string>();
    const indexed = new Promise<void>((resolve) => {
      store!.events$.subscribe((event) => {
        types.add(event.type);
        if (event.type === "index_published" && event["indexed_rows"] === rowCount) resolve();
      });
    });
    const index = { type: "hnsw" } as const;
    await store.create_collection({
      collection: "rows",
      dimension,
      distance_metric: "l2",
      index,
    });
    const packed = clusteredRows(seededRandom(1), rowCount, dimension);
    const vectors = Array.from({ length: rowCount }, (_, row) =>
      packed.slice(row * dimension, (row + 1) * dimension),
    );
    const { vector_ids } = await store.insert({ collection: "rows", vectors });
    await indexed;
    expect(types).not.toContain("index_helper_lost");
    for (let row = 0; row < rowCount; row += 100) {
      const { results } = await store.search({
        collection: "rows",
        query_vector: vectors[row]!,
        top_k: 1,
      });
      expect(results[0]?.id).toBe(vector_ids[row]);
    }
  });

  it("are refused when there is no place for so many", async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-build-"));
    await expect(open({ path, build_threads: 99 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "build_threads",
    });
  });
});
