/** The nodes of a cluster, asked and changed through any of them. */
import type { ClusterChange, ClusterDescription } from "../protocol/index.js";
import type { RemoteCalls } from "./remote-calls.js";

export class RemoteCluster {
  readonly #calls: RemoteCalls;
  readonly #timeoutMs: number;

  constructor(calls: RemoteCalls, timeoutMs: number) {
    this.#calls = calls;
    this.#timeoutMs = timeoutMs;
  }

  describe_cluster(): Promise<ClusterDescription> {
    const timeoutMs = this.#timeoutMs;
    const sent = { path: {}, timeoutMs, repeatable: true, readsOnly: true };
    return this.#calls.send({ operation: "describe_cluster", ...sent });
  }

  /** Starts one more node. Not asked twice: each time that it is executed adds one. */
  add_node(): Promise<ClusterChange> {
    const timeoutMs = this.#timeoutMs;
    const sent = { path: {}, timeoutMs, repeatable: false, readsOnly: false };
    return this.#calls.send({ operation: "add_node", ...sent });
  }

  /** Has everything moved off a node, which then stops for good. */
  drain_node({ node }: { readonly node: string }): Promise<ClusterChange> {
    const timeoutMs = this.#timeoutMs;
    const sent = { path: { node }, timeoutMs, repeatable: true, readsOnly: false };
    return this.#calls.send({ operation: "drain_node", ...sent });
  }

  close(): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }
}
