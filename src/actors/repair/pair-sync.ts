/**
 * Makes two replicas of a shard hold the same: roots, then leaves, then what lies in the buckets that
 * differ, then the rows that one of them lacks, both ways. Only what differs is sent.
 *
 * What it leaves behind: every id in which they differed when it began is, on both, what the newer of
 * them had or something newer. A difference so young that it is a write under way is not copied but
 * looked at again after a grace, and copied if it is still there. A row that is damaged where it would be copied
 * from holds up no other: it is the failure of the whole in the end, unless another replica has brought it by then.
 */
import { DvespError, isDvespError, sleep } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import { merkleBuckets, versionTime } from "../../consistency/index.js";
import { compareHoldings, differingBuckets } from "./difference.js";
import type { Difference, Side } from "./difference.js";
import type { RepairLimits } from "./limits.js";
import type { ReplicaQuestions } from "./replica-questions.js";
import type { Throttle } from "./throttle.js";
import { bytesOfRows, idsOf, selectRows } from "./versioned-rows.js";

export type Pair = readonly [ReplicaQuestions, ReplicaQuestions];

export interface PairSyncParts {
  readonly clock: Clock;
  readonly limits: RepairLimits;
  readonly throttle: Throttle;
  readonly dimension: number;
  /** Nothing more is begun when it says so. */
  readonly isStopped: () => boolean;
}

export interface SyncReport {
  /** Their roots were equal at the beginning. */
  readonly wereEqual: boolean;
  /** Buckets that differed at the beginning, and how many of them have been dealt with. */
  readonly buckets: number;
  readonly bucketsDone: number;
  /** Rows and tombstones that each side was given. */
  readonly copied: readonly [number, number];
  /** Of ids and versions, and of rows. */
  readonly entryBytes: number;
  readonly rowBytes: number;
  readonly dropped: number;
  /** Ids with one version and two states. */
  readonly conflicts: number;
}

type Progress = { -readonly [Key in keyof SyncReport]: SyncReport[Key] } & {
  copied: [number, number];
};

/** Told after each step; `copied` and `bucketsDone` only grow. */
export type OnProgress = (report: SyncReport) => void;

/** What a row takes beside its vector, about. */
const metadataBytes = 512;

export class PairSync {
  readonly #parts: PairSyncParts;
  readonly #pair: Pair;
  readonly #onProgress: OnProgress;
  readonly #report: Progress = {
    ...{ wereEqual: false, buckets: 0, bucketsDone: 0, copied: [0, 0] },
    ...{ entryBytes: 0, rowBytes: 0, dropped: 0, conflicts: 0 },
  };
  readonly #converged: [string, string] = ["", ""];
  #bucketsPerStep = 1;
  /** Of the first row that could not be read. */
  #damage: DvespError | undefined;

  constructor(parts: PairSyncParts, pair: Pair, onProgress: OnProgress = () => undefined) {
    this.#parts = parts;
    this.#pair = pair;
    this.#onProgress = onProgress;
  }

  /** Call once. Rejects when one of them did not answer or refused, or has damaged rows: what was copied stays. */
  async run(): Promise<SyncReport> {
    const [a, b] = await both(this.#pair, (one) => one.state());
    this.#report.wereEqual = a.root === b.root;
    if (this.#report.wereEqual) return this.#report;
    this.#converged[0] = a.converged_version;
    this.#converged[1] = b.converged_version;
    const rows = Math.max(a.rows, b.rows, 1);
    const wanted = Math.floor((merkleBuckets * this.#parts.limits.entriesPerStep) / rows);
    this.#bucketsPerStep = Math.min(merkleBuckets, Math.max(1, wanted));
    const buckets = differingBuckets(...(await both(this.#pair, (one) => one.leaves())));
    this.#report.buckets = buckets.length;
    await this.#lookTwice(buckets);
    if (this.#damage) throw this.#damage;
    return this.#report;
  }

  async #lookTwice(buckets: readonly number[]): Promise<void> {
    const young = new Map<string, number>();
    for (const step of this.#steps(buckets)) {
      const found = await this.#look(step);
      const isYoung = ({ newest }: Difference): boolean => this.#isYoung(newest);
      for (const { id } of found.filter(isYoung)) young.set(id, step[0] ?? 0);
      await this.#copy(found.filter((one) => !isYoung(one)));
      this.#report.bucketsDone += step.length;
      this.#onProgress(this.#report);
    }
    if (young.size === 0) return;
    await sleep(this.#parts.clock, this.#parts.limits.graceMs);
    const first = new Set(young.values());
    for (const step of this.#steps(buckets)) {
      if (!first.has(step[0] ?? 0)) continue;
      await this.#copy((await this.#look(step)).filter(({ id }) => young.has(id)));
    }
    this.#onProgress(this.#report);
  }

  *#steps(buckets: readonly number[]): Iterable<readonly number[]> {
    for (let at = 0; at < buckets.length; at += this.#bucketsPerStep) {
      yield buckets.slice(at, at + this.#bucketsPerStep);
    }
  }

  async #look(buckets: readonly number[]): Promise<readonly Difference[]> {
    this.#check();
    const [a, b] = await both(this.#pair, (one) => one.entries(buckets));
    const bytes = bytesOfRows(a) + bytesOfRows(b);
    this.#report.entryBytes += bytes;
    await this.#parts.throttle.take(bytes);
    const { differences, dropped, conflicts } = compareHoldings([
      { entries: a, converged: this.#converged[0] },
      { entries: b, converged: this.#converged[1] },
    ]);
    this.#report.dropped += dropped;
    this.#report.conflicts += conflicts;
    return differences;
  }

  /** Also when a clock that is ahead stamped it: then it is copied at once, which does no harm. */
  #isYoung(version: string): boolean {
    const ageMs = this.#parts.clock.now() - versionTime(version);
    return ageMs >= 0 && ageMs < this.#parts.limits.graceMs;
  }

  async #copy(differences: readonly Difference[]): Promise<void> {
    const sides: readonly Side[] = [0, 1];
    for (const to of sides) {
      const ids = differences.filter((one) => one.to === to).map(({ id }) => id);
      for (let at = 0; at < ids.length; at += this.#rowsPerStep) {
        await this.#copyStep(ids.slice(at, at + this.#rowsPerStep), to);
      }
    }
  }

  async #copyStep(ids: readonly string[], to: Side): Promise<void> {
    this.#check();
    const [from, target] = to === 0 ? [this.#pair[1], this.#pair[0]] : this.#pair;
    const read = await from.rows(idsOf(ids)).catch((error: unknown) => this.#damaged(error));
    if (!read) return this.#copyAround(ids, to);
    const rows = selectRows(read, (index) => read.versions[index] !== "");
    if (!rows) return;
    const bytes = bytesOfRows(rows);
    await this.#parts.throttle.take(bytes);
    await target.apply(rows);
    this.#report.rowBytes += bytes;
    this.#report.copied[to] += rows.versions.length;
    this.#onProgress(this.#report);
  }

  #damaged(error: unknown): undefined {
    if (!isDvespError(error) || error.code !== "DATA_CORRUPTED") throw error;
    this.#damage ??= error;
  }

  /** Some of these rows are damaged: the others are copied. */
  async #copyAround(ids: readonly string[], to: Side): Promise<void> {
    if (ids.length === 1) return;
    const half = Math.ceil(ids.length / 2);
    await this.#copyStep(ids.slice(0, half), to);
    await this.#copyStep(ids.slice(half), to);
  }

  get #rowsPerStep(): number {
    const rowBytes = this.#parts.dimension * Float32Array.BYTES_PER_ELEMENT + metadataBytes;
    return Math.max(1, Math.floor(this.#parts.limits.bytesPerStep / rowBytes));
  }

  #check(): void {
    if (this.#parts.isStopped()) throw new DvespError("CLOSED", "repair has stopped");
  }
}

async function both<Answer>(
  [a, b]: Pair,
  ask: (one: ReplicaQuestions) => Promise<Answer>,
): Promise<[Answer, Answer]> {
  return Promise.all([ask(a), ask(b)]);
}
