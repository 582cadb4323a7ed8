/** All graphs of an index, as its builder sees them: the last one grows, those before are full. */
import { setImmediate } from "node:timers/promises";
import { assert, isDvespError } from "../../base/index.js";
import type { Random } from "../../base/index.js";
import type { SharedSpec } from "../index-spec.js";
import type { SharedRows } from "../shared-rows.js";
import type { BuilderOptions } from "../vector-index.js";
import { graphRowsOf, GraphSet } from "./graph-set.js";
import { GraphPart } from "./part.js";
import { surveyGraph, type GraphHealth } from "./survey.js";
import { GraphWriters } from "./writers.js";

type PartsOptions = Pick<BuilderOptions<SharedSpec>, "spec" | "rows" | "random" | "helpers">;

export class GraphParts {
  readonly rowsPerPart: number;
  readonly #spec: SharedSpec;
  readonly #rows: SharedRows;
  readonly #random: Random | undefined;
  readonly #writers: GraphWriters;
  #parts: readonly GraphPart[];
  #graphs: GraphSet;

  /** There is always one part at least. Errors: `STORAGE_FULL` when there is no memory. */
  constructor({ spec, rows, random, helpers }: PartsOptions, restored: readonly GraphPart[]) {
    this.rowsPerPart = graphRowsOf(spec);
    this.#spec = spec;
    this.#rows = rows;
    this.#random = random;
    this.#writers = new GraphWriters(spec, rows, helpers);
    this.#parts = restored.length > 0 ? restored : [this.create(0)];
    this.#graphs = this.#graphSet();
  }

  get all(): readonly GraphPart[] {
    return this.#parts;
  }

  get last(): GraphPart {
    const last = this.#parts.at(-1);
    assert(last !== undefined, "at least one part");
    return last;
  }

  get indexed(): number {
    return this.last.end;
  }

  get graphs(): GraphSet {
    return this.#graphs;
  }

  /**
   * Takes in the next rows, at most `count` and all into one graph; how many. None where there is no
   * memory: the rows stay fresh.
   */
  async take(count: number): Promise<number> {
    const first = this.indexed;
    if (this.#rows.committed === first) return 0;
    if (this.last.count === this.rowsPerPart && !this.#extend()) return 0;
    const { last } = this;
    const end = Math.min(this.#rows.committed, first + count, last.first + this.rowsPerPart);
    return (await last.take(end, this.#writers)) ? end - first : 0;
  }

  /** An empty part, not one of these yet. Errors: `STORAGE_FULL`. */
  create(first: number): GraphPart {
    return GraphPart.create({
      spec: this.#spec,
      rows: this.#rows,
      random: this.#random,
      first,
    });
  }

  /** Takes ordinals up to `to` into a part that is not one of these yet; as its `take`. */
  fill(part: GraphPart, to: number): Promise<boolean> {
    return part.take(to, this.#writers);
  }

  /** Links rows of a part again to which no path leads any more. */
  survey({ graph, first, count }: GraphPart): Promise<GraphHealth> {
    const pause = (): Promise<void> => setImmediate();
    return surveyGraph({ graph, rows: this.#rows, first, indexed: count, pause });
  }

  /** Puts `part` in the place of the one that holds the same rows. */
  replace(part: GraphPart): void {
    assert(
      this.#parts.some(({ first, count }) => first === part.first && count === part.count),
      "a part of the same rows",
    );
    this.#put(this.#parts.map((old) => (old.first === part.first ? part : old)));
  }

  /** Makes another part; whether there was memory. */
  #extend(): boolean {
    try {
      this.#put([...this.#parts, this.create(this.indexed)]);
      return true;
    } catch (error) {
      if (isDvespError(error)) return false;
      throw error;
    }
  }

  #put(parts: readonly GraphPart[]): void {
    this.#parts = parts;
    this.#graphs = this.#graphSet();
  }

  #graphSet(): GraphSet {
    return new GraphSet(
      this.#spec,
      this.#parts.map(({ graph }) => graph),
    );
  }
}
