import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, serve } from "../../dist/index.js";
import { describeApi } from "../conformance/api-suite.js";

for (const format of ["msgpack", "json"] as const) {
  describeApi(`one node over REST, ${format}`, async () => {
    const path = await mkdtemp(join(tmpdir(), "dvesp-api-"));
    const node = await serve({ path, port: 0, threads: 2, log_level: "silent" });
    const store = connect({ nodes: [node.address], format });
    return {
      store,
      close: async () => {
        await store.close();
        await node.close();
        await rm(path, { recursive: true, force: true });
      },
    };
  });
}
