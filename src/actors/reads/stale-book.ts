/** What one read of a shard found to be stale, told once when it ends. */
import type { ReplicaAccess } from "../replicas/access.js";
import type { SharedReadParts } from "./read-parts.js";

export class StaleBook {
  readonly #ids = new Map<ReplicaAccess, Set<string>>();

  note(replica: ReplicaAccess, id: string): void {
    const ids = this.#ids.get(replica);
    if (ids) ids.add(id);
    else this.#ids.set(replica, new Set([id]));
  }

  tell(shard: number, { repair }: Pick<SharedReadParts, "repair">): void {
    for (const [{ place }, ids] of this.#ids) repair({ shard, place, ids: [...ids] });
  }
}
