/**
 * What the HTTP layer is given: the node it speaks for, its bounds, and where it reports to. Every
 * bound has a default that suits one machine; the embedding program may set any of them.
 */
import { limits } from "../base/index.js";
import type { Clock, DvespError, Random } from "../base/index.js";
import type { NodeService } from "../protocol/index.js";

const mebi = 1024 * 1024;

export interface HttpLimits {
  /** Body of one request, after decompression. */
  readonly bodyBytesMax: number;
  /** Bodies and answers held in memory at once, all requests together. */
  readonly heldBytesMax: number;
  /** Requests under way at once; health and metrics are answered beyond it. */
  readonly requestsMax: number;
  /** Clients of the event stream at once. */
  readonly eventClientsMax: number;
  /** Events that one slow client may be behind, before it is dropped. */
  readonly eventBufferBytesMax: number;
  /** From a connection's first byte to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From a request's first byte to the end of its body. */
  readonly requestTimeoutMs: number;
  /** How long a connection may stay idle between two requests. */
  readonly keepAliveMs: number;
  /** How long a refused client may go on sending before its connection is cut. */
  readonly lingerMs: number;
  /** How long `close` waits for requests under way. */
  readonly drainMs: number;
  /** Silence on an event stream before a comment is sent to keep it open. */
  readonly heartbeatMs: number;
}

export const defaultHttpLimits: HttpLimits = Object.freeze({
  bodyBytesMax: limits.bodyBytesMax,
  heldBytesMax: 1024 * mebi,
  requestsMax: 2048,
  eventClientsMax: 256,
  eventBufferBytesMax: mebi,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 120_000,
  keepAliveMs: 65_000,
  lingerMs: 3000,
  drainMs: 10_000,
  heartbeatMs: 15_000,
});

/** One finished request. `status` 499: the client went away before it had its answer. */
export interface Observation {
  /** The route's pattern, such as `/v1/collections/{collection}/search`; `unknown` for others. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

export interface HttpOptions {
  readonly service: NodeService;
  readonly clock: Clock;
  readonly random: Random;
  /** The package's version, for /openapi.json. */
  readonly version?: string | undefined;
  /** When set, every route but health and the dashboard page wants it. */
  readonly api_key?: string | undefined;
  /**
   * Host names that a browser may reach this server under, such as `db.example.org`; any, when
   * absent. What stands in the `Host` header is compared, without its port.
   */
  readonly allowed_hosts?: readonly string[] | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Called once for every request that ended, however it ended. */
  readonly observe?: ((observation: Observation) => void) | undefined;
  /** Called with what was answered as `INTERNAL`, and the id which the caller was given. */
  readonly onError?: ((error: DvespError, request_id: string) => void) | undefined;
}
