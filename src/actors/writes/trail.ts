/**
 * Where earlier stamps of one write may have left its rows, and whether anybody can have built on them.
 *
 * A write that some replicas took and others refused as behind is stamped anew. That is only sound as
 * long as nobody acted on the older stamp: a conditional write that was judged on it would be overwritten
 * by what it had seen already. Whoever saw a row has left a promise above it with a majority of the
 * replicas, so a majority's promises tell.
 */
import type { WriteOutcome } from "../replica/messages.js";
import type { PreparedRows } from "../replica/replication-messages.js";
import type { Promises } from "./promises.js";
import type { Round } from "./round.js";

interface Trace {
  /** The smallest stamp that the replica took, or may have taken. */
  readonly taken?: string;
  /** What it had, or had promised, when it refused. */
  readonly refused?: string;
}

export class Trail {
  readonly #traces = new Map<string, Trace>();
  readonly #stamps = new Set<string>();
  readonly #ballots = new Set<string>();
  /** By node and ballot: what had been promised before. */
  readonly #heard = new Map<string, Map<string, readonly string[]>>();
  #first: string | undefined;
  #mayBeSeen = false;

  /** Call when a round with `stamp` has ended. */
  note(stamp: string, round: Round<WriteOutcome>): void {
    for (const { replica, state, maybe } of round.deliveries) {
      if (replica.place.state !== "active") continue;
      const { node } = replica.place;
      const { taken, refused } = this.#traces.get(node) ?? {};
      if (state.kind === "done" || maybe) this.#take(node, taken ?? stamp, refused, stamp);
      else if (state.kind === "refused" && state.refusal.refused === "behind") {
        const version = state.refusal.version;
        this.#traces.set(node, { ...(taken !== undefined && { taken }), refused: version });
      }
    }
  }

  #take(node: string, taken: string, refused: string | undefined, stamp: string): void {
    this.#traces.set(node, { taken, ...(refused !== undefined && { refused }) });
    this.#stamps.add(stamp);
    this.#first ??= stamp;
  }

  /** Call for each ballot of this write's own, before it is asked for. */
  addBallot(ballot: string): void {
    this.#ballots.add(ballot);
  }

  /** Whether a replica has, or may have, rows of it. */
  get isSomewhere(): boolean {
    return this.#first !== undefined;
  }

  isOwn(version: string): boolean {
    return this.#stamps.has(version);
  }

  /** Whether `version` may have come after rows of this write, and not from it. */
  isLater(version: string): boolean {
    return this.#first !== undefined && version > this.#first && !this.#stamps.has(version);
  }

  /** Whether somebody may have acted on an earlier stamp; once so, it stays so. */
  get mayBeSeen(): boolean {
    return this.#mayBeSeen;
  }

  /** Call for every promise that this write's own ballots got, also for those that came too late. */
  hear(node: string, ballot: string, { promised }: PreparedRows): void {
    const known = this.#heard.get(node) ?? new Map<string, readonly string[]>();
    this.#heard.set(node, known.set(ballot, promised));
  }

  /** Looks for promises that were made after this write's rows came; `nodes`: of the replicas that count. */
  observe(promises: Promises, nodes: readonly string[]): void {
    const first = this.#first;
    if (first === undefined) return;
    const complete = nodes.every((node) => promises.of(node));
    for (const node of nodes) {
      const { taken, refused } = this.#traces.get(node) ?? {};
      if (taken !== undefined && !promises.of(node)) this.#mayBeSeen = true;
      // Without a word from all, what a replica refused for may be by one who saw our rows elsewhere.
      const excused = complete && taken === undefined ? (refused ?? first) : first;
      const bound = taken ?? (excused > first ? excused : first);
      if (this.#isPromisedAbove(node, bound)) this.#mayBeSeen = true;
    }
  }

  #isPromisedAbove(node: string, bound: string): boolean {
    const heard = this.#heard.get(node);
    if (!heard) return false;
    // A ballot of our own hides what was promised before it, unless we heard what that was.
    const isOpen = (one: string): boolean =>
      this.#ballots.has(one) ? !heard.has(one) : one > bound;
    return [...heard.values()].some((promised) => promised.some(isOpen));
  }
}
