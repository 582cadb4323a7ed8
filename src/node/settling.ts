/**
 * Waiting until all nodes have done what the map says of a collection: whoever was told that it was
 * made, or dropped, finds it so on every node.
 */
import { sleep } from "../base/index.js";
import type { ClusterView } from "../cluster/index.js";
import type { ActorSystem } from "../runtime/index.js";
import { nodeActorName } from "./node-actor.js";
import type { NodeMessage } from "./node-actor.js";

const waitMsMax = 10_000;
const pollMs = 10;
const askMs = 1000;

/**
 * Resolves when every other node that is alive says so, and for one that does not, after ten seconds:
 * its replica then takes part as soon as it can.
 */
export async function untilSettled(
  system: ActorSystem,
  view: Pick<ClusterView, "self" | "nodes" | "isAlive" | "hubOf">,
  collection: string,
  uid: string | undefined,
): Promise<void> {
  const { clock } = system;
  const endMs = clock.monotonic() + waitMsMax;
  const message: NodeMessage = {
    type: "is_settled",
    collection,
    ...(uid !== undefined && { uid }),
  };
  const others = view.nodes().filter(({ id }) => id !== view.self);
  const settled = others.map(async ({ id }) => {
    const ref = system.ref<NodeMessage>({ host: view.hubOf(id), name: nodeActorName });
    while (view.isAlive(id) && clock.monotonic() < endMs) {
      const result = await ref.ask<boolean>(message, { timeout_ms: askMs });
      if (result.outcome === "ok" && result.value) return;
      await sleep(clock, pollMs);
    }
  });
  await Promise.all(settled);
}
