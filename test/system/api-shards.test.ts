/** The contract by an embedded store whose collections have three shards each. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demandLimits } from "../../dist/actors/index.js";
import { systemRandom } from "../../dist/base/index.js";
import { EmbeddedStore } from "../../dist/node/embedded-store.js";
import { Node } from "../../dist/node/node.js";
import { describeApi } from "../conformance/api-suite.js";

describeApi("embedded store, three shards", async () => {
  const path = await mkdtemp(join(tmpdir(), "dvesp-api-"));
  const node = await Node.open({ path, threads: 2 }, { demand: demandLimits, shards: 3 });
  const close = (): Promise<void> => node.close();
  const store = new EmbeddedStore({ registry: node.registry, random: systemRandom, close });
  return {
    store,
    close: async () => {
      await store.close();
      await rm(path, { recursive: true, force: true });
    },
  };
});
