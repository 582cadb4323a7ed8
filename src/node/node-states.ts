/**
 * Who of the cluster can be asked now, from the links alone: they carry a heartbeat five times a
 * second, so silence says more than any list that somebody keeps.
 *
 * `alive`: there is a link, and something came over it lately. `suspect`: nothing came for
 * `suspectMs`. `dead`: there is no link.
 */
import type { Clock, Timer } from "../base/index.js";
import type { NodeState } from "../cluster/index.js";

/** What is known of the links to other nodes; `Peers` does. */
export interface Links {
  /** Milliseconds since a node was last heard; undefined without a link. */
  silentMs(node: string): number | undefined;
}

export interface NodeStatesParts {
  readonly self: string;
  readonly clock: Clock;
  readonly links: Links;
  /** The nodes to be looked at. */
  readonly nodes: () => readonly string[];
  readonly onState: (node: string, state: NodeState) => void;
}

const suspectMs = 500;
const lookMs = 100;

export class NodeStates {
  readonly #parts: NodeStatesParts;
  readonly #known = new Map<string, NodeState>();
  #timer: Timer | undefined;

  constructor(parts: NodeStatesParts) {
    this.#parts = parts;
  }

  /** As it is at this moment. */
  stateOf(node: string): NodeState {
    const { self, links } = this.#parts;
    if (node === self) return "alive";
    const silentMs = links.silentMs(node);
    if (silentMs === undefined) return "dead";
    return silentMs > suspectMs ? "suspect" : "alive";
  }

  /** Tells of changes since the last look; call it as soon as a link begins or ends. */
  look(): void {
    for (const node of this.#parts.nodes()) {
      const state = this.stateOf(node);
      if (this.#known.get(node) === state) continue;
      this.#known.set(node, state);
      this.#parts.onState(node, state);
    }
  }

  /** Looks again and again, as silence makes no noise. */
  start(): void {
    this.look();
    this.#timer = this.#parts.clock.after(lookMs, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
