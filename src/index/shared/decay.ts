/**
 * When a graph is to be built anew from its living rows: dead rows stay linked and cost every walk
 * that meets them, and a centre taken over the first few rows makes coarse codes.
 *
 * The dead are counted row by row, so only when enough have died since the last count.
 */
import type { SharedRows } from "../shared-rows.js";
import type { GraphPart } from "./part.js";
import type { GraphParts } from "./parts.js";

/** Share of dead rows among those linked from which on a graph is built anew. */
const deadShareMax = 0.3;
/** Smaller graphs are not worth it: searches scan them. */
const rowsMin = 1000;
/** Share of an index's rows that must have died since the last count. */
const recountShare = 0.02;

export type RebuildReason = "dead_rows" | "coarse_codes" | "low_recall";

export class Decay {
  readonly #rows: SharedRows;
  #deadAtCount = 0;
  readonly #given = new WeakSet<GraphPart>();

  constructor(rows: SharedRows) {
    this.#rows = rows;
  }

  /** The part that most needs to be built anew, and why; undefined when none does. */
  worst(
    parts: GraphParts,
  ): { readonly part: GraphPart; readonly reason: RebuildReason } | undefined {
    const offCentre = parts.all.find((part) => part.isOffCentre && !this.#given.has(part));
    if (offCentre) return { part: offCentre, reason: "coarse_codes" };
    const { dead } = this.#rows;
    if (dead - this.#deadAtCount < Math.max(1, parts.indexed * recountShare)) return undefined;
    const worn = parts.all.find(
      (part) => part.count >= rowsMin && part.countDead() > part.count * deadShareMax,
    );
    if (worn === undefined) this.#deadAtCount = dead;
    return worn && { part: worn, reason: "dead_rows" };
  }

  /** Notes that there was no memory to build `part` anew: not before more rows have died. */
  postpone(part: GraphPart): void {
    this.#given.add(part);
    this.#deadAtCount = this.#rows.dead;
  }
}
