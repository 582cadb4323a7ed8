/** The contract on three nodes over HTTP, through all of them: all up, and with one that stays dead. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../dist/index.js";
import type { OpenStore } from "../conformance/api-fixture.js";
import { describeApi } from "../conformance/api-suite.js";
import { ClusterProcess, eventually } from "../support/cluster-process.js";

async function startThree(): Promise<{ cluster: ClusterProcess; data: string }> {
  const data = await mkdtemp(join(tmpdir(), "dvesp-api-"));
  const cluster = await ClusterProcess.start(data, 3, "--threads", "1", "--log-level", "info");
  for (const through of ["n1", "n2", "n3"]) {
    for (const node of ["n1", "n2", "n3"]) await cluster.until(node, "alive", through);
  }
  return { cluster, data };
}

function storeOf(cluster: ClusterProcess, data: string): OpenStore {
  const store = connect({ nodes: cluster.nodes, timeout_ms: 20_000 });
  return {
    store,
    close: async () => {
      await store.close();
      await cluster.kill("SIGTERM");
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Kills a node for good: what its next start finds is damaged. */
async function killForGood(cluster: ClusterProcess, data: string): Promise<void> {
  const pid = await cluster.pidOf("n3", "n1");
  await writeFile(join(data, "node-3", "node.json"), "{");
  process.kill(pid, "SIGKILL");
  await eventually("n3 has failed for good", () =>
    Promise.resolve(cluster.lines.find(({ msg, node }) => msg === "node_failed" && node === "n3")),
  );
  await cluster.until("n3", "dead", "n1");
  await cluster.until("n3", "dead", "n2");
}

describeApi("three nodes over REST", async () => {
  const { cluster, data } = await startThree();
  return storeOf(cluster, data);
});

describeApi(
  "three nodes over REST, one of them dead",
  async () => {
    const { cluster, data } = await startThree();
    await killForGood(cluster, data);
    return storeOf(cluster, data);
  },
  ["ONE", "QUORUM"],
);
