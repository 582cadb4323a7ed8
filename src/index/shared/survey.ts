/**
 * How well a graph is, and the repair of what can be repaired: rows to which no path leads any more,
 * because whoever linked to them has found nearer neighbours, are linked again. Links to dead rows are
 * only counted; a graph with too many of them is to be made anew.
 *
 * A row counts as reached when a walk without limits could come there: from the entry point along the
 * lists of each level, then along those of the level below from all that were reached.
 *
 * Runs between the builder's slices, beside readers. A row that is linked again takes the place of
 * another in a full list only once it links to that other itself, so that nothing that could be
 * reached is lost.
 */
import type { SharedRows } from "../shared-rows.js";
import { GraphLists } from "./graph-lists.js";
import type { SharedGraph } from "./graph.js";

export interface GraphHealth {
  readonly rows: number;
  /** Rows among them that are deleted. */
  readonly dead: number;
  /** Live rows to which no path led; there is one now. */
  readonly relinked: number;
  /** Links of the reached rows on the lowest level. */
  readonly links: number;
  /** Those of them that lead to a dead row. */
  readonly deadLinks: number;
}

export interface SurveyOptions {
  readonly graph: SharedGraph;
  readonly rows: SharedRows;
  /** Ordinal of the graph's first row; default 0. */
  readonly first?: number;
  /** The graph's rows [0, indexed) are in it. */
  readonly indexed: number;
  /** Lets other work of the thread run; called after every few thousand rows. */
  readonly pause: () => Promise<void>;
}

/** Rows looked at before other work gets its turn. */
const rowsPerTurn = 4096;
/** Near rows that are tried as neighbours of a row that nothing leads to. */
const hostsTried = 32;

/** Costs about half a microsecond a row, and an insertion for each row that is linked again. */
export async function surveyGraph(options: SurveyOptions): Promise<GraphHealth> {
  const survey = new Survey(options);
  await survey.countDead();
  await survey.reachFromEntry();
  await survey.relinkUnreached();
  return survey.health();
}

class Survey {
  readonly #options: SurveyOptions;
  readonly #lists: GraphLists;
  readonly #dead: Uint8Array;
  readonly #isReached: Uint8Array;
  /** Rows reached, in the order in which they were. */
  readonly #reached: Uint32Array;
  #count = 0;
  /** Reached rows whose lowest lists were followed. */
  #followed = 0;
  #turn = 0;
  #deadCount = 0;
  #relinked = 0;
  #links = 0;
  #deadLinks = 0;

  constructor(options: SurveyOptions) {
    const { graph, indexed } = options;
    this.#options = options;
    this.#lists = new GraphLists(graph);
    this.#dead = new Uint8Array(indexed);
    this.#isReached = new Uint8Array(indexed);
    this.#reached = new Uint32Array(indexed);
  }

  health(): GraphHealth {
    return {
      rows: this.#options.indexed,
      dead: this.#deadCount,
      relinked: this.#relinked,
      links: this.#links,
      deadLinks: this.#deadLinks,
    };
  }

  async countDead(): Promise<void> {
    const { rows, indexed, first = 0 } = this.#options;
    for (let ordinal = 0; ordinal < indexed; ordinal++) {
      if (rows.isDead(first + ordinal)) {
        this.#dead[ordinal] = 1;
        this.#deadCount++;
      }
      if (this.#isTurnOver()) await this.#options.pause();
    }
  }

  async reachFromEntry(): Promise<void> {
    const { entry } = this.#lists;
    if (!entry) return;
    this.#reach(entry.ordinal);
    for (let level = entry.level; level > 0; level--) {
      for (let at = 0; at < this.#count; at++) {
        this.#follow(this.#reached[at] as number, level);
        if (this.#isTurnOver()) await this.#options.pause();
      }
    }
    await this.#followLowest();
  }

  async relinkUnreached(): Promise<void> {
    if (!this.#lists.entry) return;
    const { graph, indexed } = this.#options;
    for (let ordinal = 0; ordinal < indexed; ordinal++) {
      if (this.#isTurnOver()) await this.#options.pause();
      const isLinked = this.#isReached[ordinal] === 1 || graph.isRemoved(ordinal);
      if (isLinked || this.#dead[ordinal] === 1) continue;
      this.#relink(ordinal);
      this.#relinked++;
      this.#reach(ordinal);
      await this.#followLowest();
    }
  }

  async #followLowest(): Promise<void> {
    while (this.#followed < this.#count) {
      this.#follow(this.#reached[this.#followed++] as number, 0);
      if (this.#isTurnOver()) await this.#options.pause();
    }
  }

  #follow(ordinal: number, level: number): void {
    const links = this.#lists.links(ordinal, level);
    for (const link of links) {
      this.#reach(link);
      if (level === 0) this.#deadLinks += this.#dead[link] ?? 0;
    }
    if (level === 0) this.#links += links.length;
  }

  #reach(ordinal: number): void {
    if (this.#isReached[ordinal] === 1 || ordinal >= this.#options.indexed) return;
    this.#isReached[ordinal] = 1;
    this.#reached[this.#count++] = ordinal;
  }

  /** Has a near row that can be reached link to `ordinal`. */
  #relink(ordinal: number): void {
    const hosts = this.#hostsFor(ordinal);
    if (hosts.some((host) => this.#lists.append(host, ordinal))) return;
    if (hosts.some((host) => this.#takePlace(host, ordinal))) return;
    // All lists are full and share no row: the last link of this one gives way, or none would lead here.
    const [host] = hosts as [number];
    const last = this.#lists.links(host, 0).length - 1;
    this.#lists.replace(ordinal, last, this.#lists.links(host, 0)[last] as number);
    this.#lists.replace(host, last, ordinal);
  }

  /** Puts `ordinal` between a row with a full list and one of its neighbours. */
  #takePlace(host: number, ordinal: number): boolean {
    const links = this.#lists.links(host, 0);
    const own = this.#lists.links(ordinal, 0);
    const shared = links.findLastIndex((link) => own.includes(link));
    const index = shared === -1 ? links.length - 1 : shared;
    if (shared === -1 && !this.#lists.append(ordinal, links[index] as number)) return false;
    this.#lists.replace(host, index, ordinal);
    return true;
  }

  /** Reached rows, nearest first; at least one. */
  #hostsFor(ordinal: number): number[] {
    const { graph, rows, indexed, first = 0 } = this.#options;
    const query = rows.vector(first + ordinal);
    const walk = { query, wanted: hostsTried, ef: 2 * hostsTried, limit: indexed };
    const near = [...graph.walk(walk).ordinals].filter(
      (one) => one !== ordinal && this.#isReached[one] === 1,
    );
    return near.length > 0 ? near : [this.#reached[0] as number];
  }

  #isTurnOver(): boolean {
    return ++this.#turn % rowsPerTurn === 0;
  }
}
