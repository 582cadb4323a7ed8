/** Nodes that are added, and taken out, as operators do it: some other node is asked. */
import { isDvespError, randomBelow } from "../../src/base/index.js";
import type { MemoryNetwork, Random } from "../../src/base/index.js";
import type { Standing } from "../../src/node/standing.js";
import type { Fault, FaultKind } from "./faults.js";
import type { Machine, Running } from "./machine.js";
import type { Trace } from "./trace.js";

export interface NodeChangeParts {
  readonly machines: readonly Machine[];
  readonly random: Random;
  readonly trace: Trace;
  readonly replicas: number;
  readonly network: MemoryNetwork;
  /** Of who keeps the cluster store. */
  readonly storeName: string;
}

/** Of each, in one run. */
const addedMax = 2;
const drainedMax = 2;
const nodesMax = 5;

export class NodeChanges {
  readonly #parts: NodeChangeParts;
  #added = 0;
  /** Nodes that are to go, as far as nobody refused it. */
  readonly #drained = new Set<string>();
  /** Those of which it was confirmed. */
  readonly #leaving = new Set<string>();
  /** The life of who was asked, until it has answered: one change follows the other. */
  #asked: Running | undefined;

  constructor(parts: NodeChangeParts) {
    this.#parts = parts;
  }

  get kinds(): FaultKind[] {
    return [
      { name: "node_added", weight: 8, lastsMsMax: 10, begin: () => this.#add() },
      { name: "node_drained", weight: 8, lastsMsMax: 10, begin: () => this.#drain() },
      { name: "left_behind", weight: 6, lastsMsMax: 4000, begin: () => this.#leaveBehind() },
    ];
  }

  /** A node that is to go, and is there. */
  get undone(): string | undefined {
    return this.#parts.machines.find(({ name }) => this.#leaving.has(name))?.name;
  }

  #add(): Fault | undefined {
    if (this.#added >= addedMax || this.#parts.machines.length >= nodesMax) return undefined;
    this.#added++;
    return this.#ask("added", undefined, (standing) => standing.addNode());
  }

  #drain(): Fault | undefined {
    const { machines, replicas, random } = this.#parts;
    const staying = machines.filter(({ name }) => !this.#drained.has(name));
    if (this.#drained.size >= drainedMax || staying.length <= replicas) return undefined;
    const { name } = staying[randomBelow(random, staying.length)] as Machine;
    return this.#ask("drained", name, (standing) => standing.drainNode(name));
  }

  /** A node that is to go does not hear any more what becomes of the map. */
  #leaveBehind(): Fault | undefined {
    const { network, storeName } = this.#parts;
    const name = this.undone;
    if (name === undefined) return undefined;
    network.cut(name, storeName);
    return { where: name, mend: () => network.heal(name, storeName) };
  }

  #ask(
    what: string,
    node: string | undefined,
    ask: (standing: Standing) => Promise<{ readonly node: string }>,
  ): Fault | undefined {
    const { machines, random, trace } = this.#parts;
    const running = machines.filter((one) => one.running);
    const through = running[randomBelow(random, Math.max(1, running.length))];
    if (!through?.running || this.#isAsking) return undefined;
    this.#asked = through.running;
    if (node !== undefined) this.#drained.add(node);
    const told = (end: object): void => {
      this.#asked = undefined;
      trace.add(what, { through: through.name, ...end });
    };
    const done = (change: { readonly node: string }): void => {
      if (node !== undefined) this.#leaving.add(node);
      told(change);
    };
    ask(through.running.node.standing).then(done, (error: unknown) => {
      if (!isDvespError(error)) throw error;
      // Refused for certain; after any other error it may have been done.
      if (node !== undefined && error.code === "NOT_ENOUGH_REPLICAS") this.#drained.delete(node);
      told({ node, refused: error.code });
    });
    return { where: `${node ?? "one more"}, through ${through.name}`, mend: () => undefined };
  }

  get #isAsking(): boolean {
    return this.#parts.machines.some(({ running }) => running && running === this.#asked);
  }
}
