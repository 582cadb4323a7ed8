/** What one filter may cost: how many conditions a row is tested against, and how deep they nest. */
import { limits } from "../base/index.js";
import { refusal } from "./refusal.js";

/**
 * A node is a condition, a logical operator, or a part of an object or array that is compared with.
 * The plain values of `$in` and `$nin` are free: they are looked up, not gone through. Depth counts
 * the logical operators and compared containers that stand in each other.
 */
export class ParseBudget {
  #nodes = 0;

  spend(field: string): void {
    if (++this.#nodes <= limits.filterNodesMax) return;
    throw refusal(field, `goes beyond ${limits.filterNodesMax} conditions`);
  }

  checkDepth(depth: number, field: string): void {
    if (depth <= limits.filterDepthMax) return;
    throw refusal(field, `is nested deeper than ${limits.filterDepthMax}`);
  }
}
