/**
 * Live queries: for each committed change, which watches it enters, leaves or changes within. Needs
 * no memory of what was inside: the row before and after the change decide.
 */
import { formatUuid } from "../../base/index.js";
import { compileFilter, parseFilter } from "../../filters/index.js";
import { decodeMetadata } from "../../protocol/index.js";
import type { Metadata } from "../../protocol/index.js";
import type { RowRecord } from "../../storage/index.js";
import type { WatchSpec } from "./messages.js";
import type { RowChange } from "./row-change.js";

export interface WatchChange {
  readonly watch_id: string;
  readonly change: "enter" | "leave" | "update";
  readonly id: string;
  readonly version: string;
  readonly metadata?: Metadata;
  readonly distance?: number;
}

interface Watch {
  readonly spec: WatchSpec;
  readonly matches: (metadata: Metadata) => boolean;
}

interface Sight {
  readonly metadata: Metadata;
  readonly distance: number | undefined;
}

/** The distance, by the collection's metric, of a row that is or just was stored. */
export type DistanceTo = (query: Float32Array, ordinal: number) => number;

export class WatchList {
  readonly #watches = new Map<string, Watch>();

  /** Errors: `INVALID_ARGUMENT` for a filter that does not parse. */
  add(spec: WatchSpec): void {
    const matches = compileFilter(parseFilter(spec.filter ?? {}));
    this.#watches.set(spec.watch_id, { spec, matches });
  }

  remove(watchId: string): void {
    this.#watches.delete(watchId);
  }

  get isEmpty(): boolean {
    return this.#watches.size === 0;
  }

  /** What the watches see of the changes of one commit, in order. */
  observe(changes: Iterable<RowChange>, distanceTo: DistanceTo): WatchChange[] {
    const seen: WatchChange[] = [];
    for (const change of changes) {
      if (change.before === change.after) continue;
      for (const watch of this.#watches.values()) {
        const one = this.#compare(watch, change, distanceTo);
        if (one) seen.push(one);
      }
    }
    return seen;
  }

  #compare(watch: Watch, change: RowChange, distanceTo: DistanceTo): WatchChange | undefined {
    const before = this.#see(watch, change.before, distanceTo);
    const after = this.#see(watch, change.after, distanceTo);
    if (!before && !after) return undefined;
    return {
      watch_id: watch.spec.watch_id,
      change: !before ? "enter" : !after ? "leave" : "update",
      id: formatUuid(change.id, 0),
      version: change.after?.version ?? change.afterTombstone ?? "",
      ...(after && { metadata: after.metadata }),
      ...(after?.distance !== undefined && { distance: after.distance }),
    };
  }

  #see(watch: Watch, row: RowRecord | undefined, distanceTo: DistanceTo): Sight | undefined {
    if (!row) return undefined;
    const metadata = decodeMetadata(row.metadata);
    if (!watch.matches(metadata)) return undefined;
    const { near } = watch.spec;
    if (!near) return { metadata, distance: undefined };
    const distance = distanceTo(near.vector, row.ordinal);
    return distance <= near.max_distance ? { metadata, distance } : undefined;
  }
}
