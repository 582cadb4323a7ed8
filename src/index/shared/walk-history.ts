/**
 * Whether walks with a list of admitted rows are worth while. Queries that come with the same filter
 * often stand to it in the same way: where most are far from what it admits, a walk finds too few
 * and its time is lost. So after some misses more than hits, most searches do without.
 */
import type { AllowList } from "../allow-list.js";

/** Misses beyond hits from which on walks are passed over, and how far they are counted. */
const passedFrom = 4;
const countedMax = 8;
/** One search in so many walks nevertheless, to find out. */
const triedEvery = 16;

interface Record {
  /** Misses less hits, never below 0. */
  misses: number;
  passed: number;
}

export class WalkHistory {
  readonly #records = new WeakMap<AllowList, Record>();

  isWorthWhile(allow: AllowList): boolean {
    const record = this.#records.get(allow);
    if (!record || record.misses < passedFrom) return true;
    return ++record.passed % triedEvery === 0;
  }

  note(allow: AllowList, isHit: boolean): void {
    const record = this.#records.get(allow) ?? { misses: 0, passed: 0 };
    record.misses = Math.min(countedMax, Math.max(0, record.misses + (isHit ? -1 : 1)));
    this.#records.set(allow, record);
  }
}
