/**
 * The nodes that a client knows, and in which order to try them: in turn, so that load spreads; those
 * that lately failed last, so that a dead one costs a caller nothing; but never left out for good.
 */
import { invalid } from "../base/index.js";
import type { Clock } from "../base/index.js";

const penaltyMsMin = 500;
const penaltyMsMax = 10_000;
const defaultPort = "7000";

export interface RingNode {
  readonly url: URL;
  /** Failures since the last success. */
  failures: number;
  avoidUntilMs: number;
}

export class NodeRing {
  readonly #nodes: readonly RingNode[];
  readonly #clock: Clock;
  #turn: number;

  /** `start`: where the first turn begins, so that not all clients begin at the same node. */
  constructor(addresses: readonly string[], clock: Clock, start: number) {
    this.#clock = clock;
    this.#turn = start % addresses.length;
    this.#nodes = addresses.map((address, index) => ({
      url: nodeUrl(address, `nodes[${index}]`),
      failures: 0,
      avoidUntilMs: 0,
    }));
  }

  /** All nodes, best first; the turn moves on by one. */
  next(): RingNode[] {
    const now = this.#clock.monotonic();
    const start = this.#turn;
    this.#turn = (start + 1) % this.#nodes.length;
    const rotated = [...this.#nodes.slice(start), ...this.#nodes.slice(0, start)];
    const wait = (node: RingNode): number => Math.max(0, node.avoidUntilMs - now);
    return rotated.sort((left, right) => wait(left) - wait(right));
  }

  failed(node: RingNode): void {
    const penaltyMs = Math.min(penaltyMsMin * 2 ** node.failures, penaltyMsMax);
    node.failures++;
    node.avoidUntilMs = this.#clock.monotonic() + penaltyMs;
  }

  succeeded(node: RingNode): void {
    node.failures = 0;
    node.avoidUntilMs = 0;
  }
}

/** `host`, `host:port`, or a whole URL, whose path is kept as a prefix. */
function nodeUrl(address: string, field: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`;
  const hasPort = /^[a-z]+:\/\/[^/]*:\d+(\/|$)/i.test(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw invalid(`${JSON.stringify(address)} is not HOST:PORT or a URL of http or https`, field);
  }
  if (text !== address && !hasPort) url.port = defaultPort;
  return url;
}
