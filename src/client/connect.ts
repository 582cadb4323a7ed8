/** Makes a client of nodes that run elsewhere, with the same interface as the embedded store. */
import { limits, systemClock, systemRandom } from "../base/index.js";
import type { Clock, Random } from "../base/index.js";
import { checkConnectOptions } from "../protocol/index.js";
import type { BodyFormat, ConsistencyLevel, VectorStore } from "../protocol/index.js";
import { Caller } from "./caller.js";
import { httpTransport } from "./http-transport.js";
import { NodeRing } from "./node-ring.js";
import { RemoteCalls } from "./remote-calls.js";
import { RemoteCluster } from "./remote-cluster.js";
import { RemoteStore } from "./remote-store.js";
import type { Transport } from "./transport.js";

export interface ConnectOptions {
  /** `HOST`, `HOST:PORT` (7000 by default), or whole URLs of http or https. Any of the cluster's. */
  readonly nodes: readonly string[];
  /** For requests that say nothing themselves; the server's default otherwise. */
  readonly consistency_level?: ConsistencyLevel | undefined;
  readonly api_key?: string | undefined;
  /** For requests that say nothing themselves; default 5000. */
  readonly timeout_ms?: number | undefined;
  /** Default `msgpack`, which is smaller and much faster for vectors. */
  readonly format?: BodyFormat | undefined;
  /** A read that waits this long for one node asks a second one too; default 300. */
  readonly hedge_after_ms?: number | undefined;
  /** Default: connections of `node:http` that stay open. */
  readonly transport?: Transport | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

const hedgeAfterMsDefault = 300;
/** A node process takes some seconds to start. */
const clusterMsDefault = 60_000;

/**
 * A `VectorStore` over REST. Connects at the first request, and moves on to another node when one
 * cannot be reached, has too few replicas, or is overloaded; errors have the codes of the store.
 * Errors: `INVALID_ARGUMENT` at once for an address that is none, and for options that mean nothing.
 */
export function connect(options: ConnectOptions): VectorStore {
  return new RemoteStore({
    calls: makeCalls(options),
    random: options.random ?? systemRandom,
    timeoutMs: options.timeout_ms ?? limits.timeoutMsDefault,
    consistencyLevel: options.consistency_level,
  });
}

/** The nodes of a running cluster, through any of them. Errors: as `connect`. */
export function connectCluster(options: ConnectOptions): RemoteCluster {
  return new RemoteCluster(makeCalls(options), options.timeout_ms ?? clusterMsDefault);
}

function makeCalls(options: ConnectOptions): RemoteCalls {
  checkConnectOptions(options);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const transport = options.transport ?? httpTransport(clock);
  const caller = new Caller({
    ring: new NodeRing(options.nodes, clock, random.uint32()),
    transport,
    clock,
    random,
    hedgeAfterMs: options.hedge_after_ms ?? hedgeAfterMsDefault,
  });
  return new RemoteCalls({
    caller,
    format: options.format ?? "msgpack",
    apiKey: options.api_key,
    onClose: () => transport.close(),
  });
}
