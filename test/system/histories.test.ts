import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { open, type VectorStore } from "../../dist/index.js";
import { systemClock, systemRandom } from "../../src/base/index.js";
import { compileFilter, parseFilter } from "../../src/filters/index.js";
import { historiesSuite } from "../conformance/histories-suite.js";
import { PlainStore } from "../support/plain-store.js";

let path: string;
let store: VectorStore;
const model = new PlainStore({
  clock: systemClock,
  random: systemRandom,
  predicateOf: (filter) => compileFilter(parseFilter(filter)),
});

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "dvesp-histories-"));
  store = await open({ path, threads: 2 });
});

afterAll(async () => {
  await store.close();
  await rm(path, { recursive: true, force: true });
});

historiesSuite({ store: () => store, model: () => model }, [
  { type: "flat" },
  { type: "hnsw", engine: "shared" },
  { type: "hnsw", engine: "shared", quantization: "none" },
  { type: "hnsw", engine: "hnswlib" },
  { type: "ivf" },
]);
