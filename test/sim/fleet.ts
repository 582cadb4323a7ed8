/** The machines of a cluster, as many as the list of nodes says: they come, and go for good. */
import type { NodePlan } from "../../src/processes/node-plan.js";
import type { Endpoint } from "./client.js";
import { endpointOf } from "./machine.js";
import type { Machine } from "./machine.js";

export class Fleet {
  /** Of the nodes that there are to be. */
  readonly machines: Machine[] = [];
  readonly endpoints: Endpoint[] = [];
  /** Of all who are linked: the nodes, and who keeps the cluster store. */
  readonly names: string[];
  readonly #make: (plan: NodePlan) => Machine;

  constructor(storeName: string, make: (plan: NodePlan) => Machine) {
    this.names = [storeName];
    this.#make = make;
  }

  /** In line with the list of nodes. */
  follow(plans: readonly NodePlan[]): void {
    const wanted = new Set(plans.map(({ node }) => node));
    const known = new Set(this.machines.map(({ name }) => name));
    for (const plan of plans) if (!known.has(plan.node)) this.#add(plan);
    for (const one of this.machines.filter(({ name }) => !wanted.has(name))) this.#remove(one);
  }

  #add(plan: NodePlan): void {
    const machine = this.#make(plan);
    this.machines.push(machine);
    this.endpoints.push(endpointOf(machine));
    this.names.push(plan.node);
    void machine.start();
  }

  #remove(machine: Machine): void {
    const isOther = (name: string): boolean => name !== machine.name;
    keep(this.machines, ({ name }) => isOther(name));
    keep(this.endpoints, ({ name }) => isOther(name));
    keep(this.names, isOther);
    void machine.retire();
  }
}

/** Keeps of `values`, which others look at, those that are to stay. */
function keep<Value>(values: Value[], isKept: (value: Value) => boolean): void {
  values.splice(0, values.length, ...values.filter(isKept));
}
