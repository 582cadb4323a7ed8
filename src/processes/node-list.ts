/**
 * Which node processes there are, as the cluster store keeps it. A number that a node had is never
 * given to another one, so that nothing of a node that was taken out is mistaken for its successor's.
 */
import { memberKey, memberPrefix } from "../cluster/index.js";
import type { ClusterStore, MemberRecord } from "../cluster/index.js";
import { nodeName, nodeNumber, planNode } from "./node-plan.js";
import type { NodePlan, PlanOptions } from "./node-plan.js";

const lastNumberKey = "last-node-number";

export class NodeList {
  readonly #store: ClusterStore;
  readonly #options: PlanOptions;

  constructor(store: ClusterStore, options: PlanOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** All nodes, by number, with the addresses of this start. */
  async load(): Promise<NodePlan[]> {
    const entries = await this.#store.list(memberPrefix);
    const kept = entries.map(({ value }) => value as MemberRecord);
    kept.sort((a, b) => nodeNumber(a.node) - nodeNumber(b.node));
    const plans: NodePlan[] = [];
    for (const record of kept) {
      const plan = planNode(record.node, this.#options);
      await this.#keep(plan, record);
      plans.push(plan);
    }
    return plans;
  }

  async add(): Promise<NodePlan> {
    const last = await this.#store.get(lastNumberKey);
    const number = ((last?.value as number | undefined) ?? 0) + 1;
    await this.#store.put(lastNumberKey, number, { ifRevision: last?.revision ?? 0 });
    const plan = planNode(nodeName(number), this.#options);
    await this.#keep(plan, undefined);
    return plan;
  }

  async remove(node: string): Promise<void> {
    await this.#store.delete(memberKey(node));
  }

  async #keep(plan: NodePlan, kept: MemberRecord | undefined): Promise<void> {
    const { node, listen, host, port } = plan;
    const record = { ...kept, node, address: listen, client_address: `${host}:${port}` };
    if (JSON.stringify(record) !== JSON.stringify(kept)) {
      await this.#store.put(memberKey(node), record);
    }
  }
}
