/** What whoever opens a node may say of it. */
import type { ClusterOptions } from "./cluster-link.js";

export interface NodeOptions {
  /** The data directory; made when missing. One node at a time has it. */
  readonly path: string;
  /** Search threads; default one per core. */
  readonly threads?: number | undefined;
  /** Threads that may build indexes at the same time; default half of the cores, and at least one. */
  readonly build_threads?: number | undefined;
  /** A shard with more live rows than this is split in two, while it serves; default 10,000,000. */
  readonly split_rows?: number | undefined;
  /** Allow killing threads on purpose. Never in production. */
  readonly test_hooks?: boolean | undefined;
  /** The cluster that it is one node of; default: it is alone. */
  readonly cluster?: ClusterOptions | undefined;
}
