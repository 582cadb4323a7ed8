/**
 * Links to the other nodes: made, proved, kept, and made again when they end.
 *
 * Of two nodes, the one whose id comes first dials, so that there is one link between them. A link
 * counts once both sides have proved that they know the cluster's secret (mailbox/handshake.ts).
 */
import type { Duplex } from "node:stream";
import {
  type Clock,
  type Listener,
  type Network,
  type Random,
  type Timer,
  DvespError,
  toDvespError,
} from "../base/index.js";
import { type Side, SocketLink, shakeHands } from "../mailbox/index.js";
import { type ActorSystem, backoffDelayMs } from "../runtime/index.js";

export interface Peer {
  readonly node: string;
  readonly address: string;
  /** Another one for each life of the node: one that has just started is dialled at once. */
  readonly incarnation?: string;
}

export interface PeersOptions {
  /** Of this node. */
  readonly node: string;
  readonly secret: string;
  readonly system: ActorSystem;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Told whenever a link to a node begins or ends. */
  readonly onPeer?: (node: string, connected: boolean) => void;
  /** Told when a link was refused, here or there; `node` is who was dialled. */
  readonly onRefused?: (error: DvespError, node: string | undefined) => void;
}

/** Between attempts to reach a node, in milliseconds. */
const redial = { minMs: 50, maxMs: 1000, jitter: 0.2 };

/** To one life of a node. At most one attempt at a time: a second one would end the link of the first. */
interface Dialling {
  readonly peer: Peer;
  failures: number;
  timer: Timer | undefined;
  isUnderWay: boolean;
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #links = new Map<string, SocketLink>();
  readonly #dialling = new Map<string, Dialling>();
  #listener: Listener | undefined;
  #closed = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Takes links of other nodes at `address`; where they reach it. Errors: `CLOSED` (in use). */
  async listen(address: string): Promise<string> {
    const { network } = this.#options;
    this.#listener = await network.listen(address, (stream) => void this.#accept(stream));
    return this.#listener.address;
  }

  /** The nodes to be linked with from now on; links to others end. */
  expect(peers: readonly Peer[]): void {
    const known = new Map(peers.map((peer) => [peer.node, peer]));
    for (const [node, { timer, peer }] of [...this.#dialling]) {
      if (isSame(known.get(node), peer)) continue;
      timer?.cancel();
      this.#dialling.delete(node);
    }
    for (const [node, link] of [...this.#links]) if (!known.has(node)) link.close();
    for (const peer of peers) {
      const { node } = peer;
      if (node <= this.#options.node || this.#dialling.has(node)) continue;
      this.#dialling.set(node, { peer, failures: 0, timer: undefined, isUnderWay: false });
      void this.#dial(node);
    }
  }

  /** Nodes with a link now. */
  connected(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** Milliseconds since a node was last heard; undefined without a link. */
  silentMs(node: string): number | undefined {
    const link = this.#links.get(node);
    return link && this.#options.clock.monotonic() - link.heardAtMs;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.expect([]);
    await this.#listener?.close();
  }

  async #accept(stream: Duplex): Promise<void> {
    await this.#join(stream, "accepted").catch((error: unknown) => this.#refused(error));
  }

  async #dial(node: string): Promise<void> {
    const dialling = this.#dialling.get(node);
    if (!dialling || dialling.isUnderWay || this.#links.has(node) || this.#closed) return;
    const isWanted = (other: string): boolean =>
      other === node && this.#dialling.get(node) === dialling;
    dialling.isUnderWay = true;
    try {
      const stream = await this.#options.network.dial(dialling.peer.address);
      await this.#join(stream, "dialled", isWanted);
      dialling.failures = 0;
    } catch (error) {
      if (this.#dialling.get(node) !== dialling) return;
      if (toDvespError(error).code !== "CLOSED") this.#refused(error, node);
      this.#dialAgain(node);
    } finally {
      dialling.isUnderWay = false;
    }
  }

  #dialAgain(node: string): void {
    const dialling = this.#dialling.get(node);
    if (!dialling || this.#closed) return;
    const { clock, random } = this.#options;
    const delayMs = backoffDelayMs(redial, dialling.failures++, random);
    dialling.timer?.cancel();
    dialling.timer = clock.after(delayMs, () => void this.#dial(node));
  }

  /** Errors: those of the handshake; `PERMISSION_DENIED` for a node that is not wanted. */
  async #join(
    stream: Duplex,
    side: Side,
    isWanted: (other: string) => boolean = (other) => other !== this.#options.node,
  ): Promise<void> {
    const { node, secret, clock, random, system } = this.#options;
    const other = await shakeHands({ stream, side, node, secret, clock, random });
    if (this.#closed || !isWanted(other)) {
      stream.destroy();
      throw new DvespError("PERMISSION_DENIED", `${other} is not the node that was expected`);
    }
    const link = new SocketLink(stream, { clock });
    this.#links.get(other)?.close();
    this.#links.set(other, link);
    system.connectNode(`${other}/main`, link, () => this.#lost(other, link));
    this.#options.onPeer?.(other, true);
  }

  #lost(node: string, link: SocketLink): void {
    if (this.#links.get(node) !== link) return;
    this.#links.delete(node);
    this.#options.onPeer?.(node, false);
    this.#dialAgain(node);
  }

  #refused(cause: unknown, node?: string): void {
    if (this.#closed) return;
    const error = toDvespError(cause);
    this.#options.system.emit("peer_refused", { peer: node, error: error.toPlain() });
    this.#options.onRefused?.(error, node);
  }
}

function isSame(one: Peer | undefined, other: Peer): boolean {
  return one?.address === other.address && one.incarnation === other.incarnation;
}
