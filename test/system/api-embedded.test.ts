import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../../dist/index.js";
import { describeApi } from "../conformance/api-suite.js";

describeApi("embedded store", async () => {
  const path = await mkdtemp(join(tmpdir(), "dvesp-api-"));
  const store = await open({ path, threads: 2 });
  return {
    store,
    close: async () => {
      await store.close();
      await rm(path, { recursive: true, force: true });
    },
  };
});
