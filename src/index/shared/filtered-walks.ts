/**
 * Which filters a walk over admitted rows alone can be trusted with. It takes a fraction of the time of
 * comparing with all of many admitted rows, and finds as much where these are well connected; where they
 * are not, it misses what a list would find. So it is tried beside what would have answered, until so
 * many answers agree, and now and then from then on.
 */
import type { AllowList } from "../allow-list.js";

/** Answers to compare before a verdict; the sums of twice as many are halved, so that old ones fade. */
const comparedMin = 16;
/** One answer in so many is compared, of a filter that is trusted, and of one that is not. */
const trustedEvery = 16;
const distrustedEvery = 64;
/** Efforts that are known of a filter: most searches have one of few. */
const effortsMax = 8;

export type Trust = "trusted" | "compare" | "distrusted";

interface Record {
  compared: number;
  /** Sum of the recalls of those compared. */
  recalls: number;
  asked: number;
}

export class FilteredWalks {
  readonly #records = new WeakMap<AllowList, Map<number, Record>>();

  /** What to do with the next search of that effort which aims at that recall. */
  next(allow: AllowList, ef: number, recall: number): Trust {
    const record = this.#recordOf(allow, ef);
    record.asked++;
    if (record.compared < comparedMin) return "compare";
    const isTrusted = record.recalls / record.compared >= recall;
    if (record.asked % (isTrusted ? trustedEvery : distrustedEvery) === 0) return "compare";
    return isTrusted ? "trusted" : "distrusted";
  }

  /** Notes the share of an answer's rows that such a walk found. */
  note(allow: AllowList, ef: number, recall: number): void {
    const record = this.#recordOf(allow, ef);
    record.compared++;
    record.recalls += recall;
    if (record.compared < 2 * comparedMin) return;
    record.compared /= 2;
    record.recalls /= 2;
  }

  #recordOf(allow: AllowList, ef: number): Record {
    const known = this.#records.get(allow) ?? new Map<number, Record>();
    this.#records.set(allow, known);
    const record = known.get(ef) ?? { compared: 0, recalls: 0, asked: 0 };
    if (!known.has(ef) && known.size === effortsMax) known.clear();
    known.set(ef, record);
    return record;
  }
}
