/** A plain store with what a node adds to it, for tests of what speaks to a node. */
import type { EncodedRequest, NodeService, StoreEvent } from "../../src/protocol/index.js";
import { PlainStore } from "./plain-store.js";
import type { PlainStoreParts } from "./plain-store.js";

export interface PlainNode extends NodeService {
  readonly store: PlainStore;
  /** Publishes an event to whoever listens. */
  emit(event: StoreEvent): void;
  /** How many listen. */
  readonly listeners: number;
  /** Set to make the node not ready. */
  unready: string | undefined;
  /** Runs before each encoded request; may wait, or throw. */
  before: (request: EncodedRequest) => void | Promise<void>;
}

export function plainNode(parts: PlainStoreParts): PlainNode {
  const store = new PlainStore(parts);
  const listeners = new Set<(event: StoreEvent) => void>();
  const node: PlainNode = {
    store,
    unready: undefined,
    before: () => undefined,
    encoded: {
      async execute(request) {
        await node.before(request);
        return store.execute(request);
      },
    },
    emit: (event) => listeners.forEach((listener) => listener(event)),
    get listeners() {
      return listeners.size;
    },
    describe_cluster: () =>
      Promise.resolve({
        nodes: [{ id: "plain", address: "127.0.0.1:0", pid: process.pid, state: "alive" as const }],
        collections: [],
      }),
    add_node: () => Promise.resolve({ node: "another" }),
    drain_node: (id) => Promise.resolve({ node: id }),
    on_event(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    unready_reason: () => node.unready,
    metrics_text: () => Promise.resolve("# TYPE dvesp_up gauge\ndvesp_up 1\n"),
  };
  return node;
}
