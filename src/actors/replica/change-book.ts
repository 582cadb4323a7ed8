/**
 * What commits changed since somebody began to copy the replica: ids and operations, each once. In memory:
 * a replica that starts anew has forgotten it, and says so.
 */
import type { GroupPlan } from "./group-plan.js";
import { idOfKey, keyOf } from "./packed-rows.js";
import type { PlannedRows } from "./planned-rows.js";

/** With more it gives up: all is copied again. */
const changesMax = 1_000_000;

export interface NotedChanges {
  readonly ids: readonly Uint8Array[];
  readonly operations: readonly string[];
}

export class ChangeBook {
  #copy: string | undefined;
  readonly #ids = new Set<string>();
  readonly #operations = new Set<string>();

  /** Notes changes for this copy, and no other, from now on. */
  begin(copy: string): void {
    this.#copy = copy;
    this.#ids.clear();
    this.#operations.clear();
  }

  note(plan: GroupPlan): void {
    if (this.#copy === undefined) return;
    this.#noteRows(plan.rows);
    for (const key of plan.operationKeys) this.#operations.add(key);
    if (this.left > changesMax) this.#copy = undefined;
  }

  /** Changed and not taken yet. */
  get left(): number {
    return this.#ids.size + this.#operations.size;
  }

  /** Some of them, noted no more; undefined when they are not known for this copy. */
  take(copy: string, limit: number): NotedChanges | undefined {
    if (this.#copy !== copy) return undefined;
    const ids = takeSome(this.#ids, limit).map(idOfKey);
    return { ids, operations: takeSome(this.#operations, limit - ids.length) };
  }

  #noteRows({ changes }: PlannedRows): void {
    for (const { id, before, after, beforeTombstone, afterTombstone } of changes) {
      if (before !== after || beforeTombstone !== afterTombstone) this.#ids.add(keyOf(id));
    }
  }
}

function takeSome(all: Set<string>, limit: number): string[] {
  const taken: string[] = [];
  for (const one of all) {
    if (taken.length >= limit) break;
    taken.push(one);
  }
  for (const one of taken) all.delete(one);
  return taken;
}
