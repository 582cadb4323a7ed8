/**
 * Which searches are short, as far as the request and the searches before it tell. Searches of one kind
 * take about as long; a kind that took too long is left to workers for a while, then tried again, and for
 * twice as long when it still does.
 *
 * Times are by the clock, so a thread that had to wait for a core makes a search look long. Therefore a single
 * one counts for little.
 */
import type { Clock } from "../../base/index.js";
import type { NormalSearch } from "../../protocol/index.js";

const hitsMax = 100;
const effortMax = 256;
/** Vectors are copied into the answer. */
const componentsMax = 1 << 16;
/** A search that takes longer on average is not short. */
const shortMs = 0.5;
/** Weight of the newest search in the average, in which it counts as so long at most. */
const newest = 1 / 16;
const countedMsMax = 2;
const restMsMin = 100;
const restMsMax = 10_000;
/** A kind of which so many were short is trusted again. */
const trustedAfter = 100;
/** More kinds than callers have; beyond, all is forgotten. */
const kindsMax = 256;

interface Kind {
  meanMs: number;
  /** Searches since it was left to workers. */
  searches: number;
  /** Left to workers until then; the next time for so long. */
  untilMs: number;
  restMs: number;
}

export class ShortKinds {
  readonly #clock: Clock;
  readonly #dimension: number;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Clock, dimension: number) {
    this.#clock = clock;
    this.#dimension = dimension;
  }

  /** Whether to begin it on the thread of the caller. */
  isShort(request: NormalSearch): boolean {
    if (!isSmall(request, this.#dimension)) return false;
    const kind = this.#kinds.get(nameOf(request));
    return kind === undefined || kind.untilMs <= this.#clock.monotonic();
  }

  /** Notes how long one took; one that was given up, even at its first look, as endless. */
  note(request: NormalSearch, tookMs: number): void {
    const kind = this.#kindOf(nameOf(request));
    kind.meanMs += (Math.min(tookMs, countedMsMax) - kind.meanMs) * newest;
    if (++kind.searches === trustedAfter) kind.restMs = restMsMin;
    if (kind.meanMs <= shortMs) return;
    kind.untilMs = this.#clock.monotonic() + kind.restMs;
    kind.restMs = Math.min(2 * kind.restMs, restMsMax);
    kind.meanMs = 0;
    kind.searches = 0;
  }

  #kindOf(name: string): Kind {
    const known = this.#kinds.get(name);
    if (known) return known;
    if (this.#kinds.size === kindsMax) this.#kinds.clear();
    const kind = { meanMs: 0, searches: 0, untilMs: 0, restMs: restMsMin };
    this.#kinds.set(name, kind);
    return kind;
  }
}

/** A read that waits for a write is a worker's, and so is one that is known to compare with every row. */
function isSmall(request: NormalSearch, dimension: number): boolean {
  const { top_k, offset, exact, recall, after, include_vectors, ef = 0, nprobe = 0 } = request;
  if (exact || recall === 1 || after !== undefined) return false;
  if (top_k + offset > hitsMax || Math.max(ef, nprobe) > effortMax) return false;
  return !include_vectors || top_k * dimension <= componentsMax;
}

function nameOf(request: NormalSearch): string {
  const { distance_metric = "", recall = "", ef = "", nprobe = "", filter, top_k } = request;
  const isFiltered = filter === undefined ? "" : "filtered";
  return `${distance_metric} ${recall} ${ef} ${nprobe} ${top_k > 10 ? "many" : ""} ${isFiltered}`;
}
