/**
 * Waiting until all nodes have done what the map says of a collection: whoever was told that it was
 * made, or dropped, finds it so on every node.
 */
import { sleep } from "../base/index.js";
import type { ClusterView } from "../cluster/index.js";
import { defineActor } from "../runtime/index.js";
import type { ActorSystem, AnyDefinition } from "../runtime/index.js";

/** What the nodes of a cluster ask each other; answered by whether it is so. */
export interface SettledMessage {
  readonly type: "is_settled";
  readonly collection: string;
  /** Of the collection of that name that the asker's map has; absent when it has none. */
  readonly uid?: string;
}

/** Whether this node has opened what the map has of a collection, or let go of what it has not. */
export type IsSettled = (collection: string, uid: string | undefined) => boolean;

/** The name of the actor that answers, on the main host of each node. */
export const settlingActorName = "settling";

const waitMsMax = 10_000;
const pollMs = 10;
const askMs = 1000;

export function settlingActor(isSettled: IsSettled): AnyDefinition {
  return defineActor<unknown, SettledMessage>({
    start: () => ({ receive: ({ collection, uid }) => isSettled(collection, uid) }),
  });
}

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
  const message: SettledMessage = {
    type: "is_settled",
    collection,
    ...(uid !== undefined && { uid }),
  };
  const others = view.nodes().filter(({ id }) => id !== view.self);
  const settled = others.map(async ({ id }) => {
    const ref = system.ref<SettledMessage>({ host: view.hubOf(id), name: settlingActorName });
    while (view.isAlive(id) && clock.monotonic() < endMs) {
      const result = await ref.ask<boolean>(message, { timeout_ms: askMs });
      if (result.outcome === "ok" && result.value) return;
      await sleep(clock, pollMs);
    }
  });
  await Promise.all(settled);
}
