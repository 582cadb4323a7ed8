/** A cluster store as an actor, for those who reach it by messages. */
import { unreachable } from "../base/index.js";
import { defineActor } from "../runtime/index.js";
import type { ActorContext, AnyDefinition } from "../runtime/index.js";
import type { ClusterStore } from "./cluster-store.js";
import type { StoreMessage } from "./store-messages.js";

/** Its name on the host that keeps the store. */
export const storeActorName = "cluster-store";

const requestsAtOnce = 256;

export function clusterStoreActor(store: ClusterStore): AnyDefinition {
  return defineActor<unknown, StoreMessage>({
    concurrency: requestsAtOnce,
    start(context) {
      const watches = new Set<() => void>();
      return {
        receive: (message) => serve(store, context, watches, message),
        stop: () => {
          for (const end of watches) end();
        },
      };
    },
  });
}

function serve(
  store: ClusterStore,
  context: ActorContext,
  watches: Set<() => void>,
  message: StoreMessage,
): unknown {
  switch (message.type) {
    case "get":
      return store.get(message.key);
    case "list":
      return store.list(message.prefix);
    case "put": {
      const { ifRevision, lease } = message;
      return store.put(message.key, message.value, { ifRevision, lease });
    }
    case "delete":
      return store.delete(message.key, message.if_revision);
    case "grant_lease":
      return store.grantLease(message.ttl_ms);
    case "keep_alive":
      return store.keepAlive(message.lease);
    case "revoke_lease":
      return store.revokeLease(message.lease);
    case "watch": {
      startWatch(store, context, watches, message);
      return;
    }
    default:
      return unreachable(message);
  }
}

function startWatch(
  store: ClusterStore,
  context: ActorContext,
  watches: Set<() => void>,
  { prefix, to }: Extract<StoreMessage, { type: "watch" }>,
): void {
  let number = 0;
  const endStore = store.watch(prefix, (change) => {
    to.tell({ type: "change", number: number++, change });
  });
  const end = (): void => {
    endStore();
    endDeath();
    watches.delete(end);
  };
  const endDeath = context.watch(to.address, end);
  watches.add(end);
}
