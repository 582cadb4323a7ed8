/**
 * What an index needs besides its rows, one task at a time and each in slices: recall measured anew as
 * it grows, snapshots, a graph built anew when it has decayed, and, while no rows come, recall and
 * snapshots sooner, rows linked again that no path leads to, and probes of the recall. Rows are taken
 * in between two slices, except while a graph is copied to disk.
 *
 * Between the commits of a trickle of rows, recall is measured sooner than while rows come without rest,
 * and probed: in a share of the time, which is others' too.
 *
 * When probes say that the target is missed, recall is measured anew; when they still say so, all
 * graphs are built anew; when that does not help either, nothing more is tried until they agree.
 */
import { setImmediate } from "node:timers/promises";
import { DvespError, isDvespError, unreachable } from "../../base/index.js";
import type { SharedRows } from "../shared-rows.js";
import type { Idleness, IndexEvent, UpkeepNeed } from "../vector-index.js";
import { Decay, type RebuildReason } from "./decay.js";
import type { GraphPart } from "./part.js";
import type { GraphParts } from "./parts.js";
import type { RecallKeeper } from "./recall-keeper.js";
import type { SnapshotKeeper } from "./snapshot-keeper.js";

/** Rows that a graph built anew takes in at a time. */
const rebuildRows = 256;
/** Rows that no path leads to are looked for when a graph has so many rows, and has grown by half. */
const surveyedMin = 1000;
const surveyGrowth = 1.5;
/** Probes after which the recall that they found is told. */
const probesPerReport = 16;

interface Task {
  /**
   * When it is done without rests between its slices: always, not in a lull, only while no rows come, or
   * never.
   */
  readonly haste: "utmost" | "high" | "low" | "none";
  readonly slices: Iterator<unknown> | AsyncIterator<unknown>;
}

export interface UpkeepParts {
  readonly rows: SharedRows;
  readonly parts: GraphParts;
  readonly recall: RecallKeeper;
  readonly snapshots: SnapshotKeeper;
  readonly tell: (event: IndexEvent) => void;
}

export class Upkeep {
  readonly #of: UpkeepParts;
  readonly #decay: Decay;
  #task: Task | undefined;
  #remedy: "none" | "calibrated" | "rebuilt" = "none";
  /** Rows of a part when it was last surveyed. */
  readonly #surveyed = new WeakMap<GraphPart, number>();
  /** Parts still to be built anew because recall is low. */
  #condemned: readonly GraphPart[] = [];

  constructor(of: UpkeepParts) {
    this.#of = of;
    this.#decay = new Decay(of.rows);
  }

  /** Does one slice of the most urgent task. */
  async run(idleness: Idleness): Promise<UpkeepNeed> {
    const task = this.#choose(idleness);
    this.#task = task ?? this.#task;
    if (!task) return "nothing";
    if ((await task.slices.next()).done === true) this.#task = undefined;
    await setImmediate();
    return needOf(task, idleness);
  }

  /** What is under way; what can wait gives way to what cannot, and rests while rows come. */
  #choose(idleness: Idleness): Task | undefined {
    if (!this.#task) return this.#next(idleness);
    if (isNeeded(this.#task)) return this.#task;
    return this.#next("busy") ?? (idleness === "busy" ? undefined : this.#task);
  }

  /** Leaves what is under way. */
  async close(): Promise<void> {
    await this.#task?.slices.return?.();
    this.#task = undefined;
  }

  #next(idleness: Idleness): Task | undefined {
    return this.#urgent(idleness) ?? (idleness === "busy" ? undefined : this.#spare());
  }

  #urgent(idleness: Idleness): Task | undefined {
    const { parts, recall, snapshots } = this.#of;
    const isQuiet = idleness === "quiet";
    const task = (slices: Task["slices"]): Task => ({ slices, haste: "high" });
    if (recall.isCalibrationDue(parts.indexed, isQuiet ? "quiet" : "busy")) {
      // Until there is a table, searches scan.
      const haste = recall.state.calibration.length === 0 ? "utmost" : "high";
      return { slices: this.#calibrate(), haste };
    }
    const unsaved = snapshots.due(parts, isQuiet);
    if (unsaved !== undefined) return task(snapshots.write(parts, unsaved, recall.state));
    const rebuild = this.#rebuildDue();
    if (rebuild) return task(this.#rebuild(rebuild.part, rebuild.reason));
    const unsurveyed = isQuiet ? this.#unsurveyed() : undefined;
    if (unsurveyed) return task(this.#survey(unsurveyed));
    return this.#isRemedyDue() ? task(this.#remedyLowRecall()) : undefined;
  }

  /** What can wait for a time without rows, and gets on in a lull. */
  #spare(): Task | undefined {
    const { parts, recall } = this.#of;
    if (recall.isCalibrationDue(parts.indexed, "lull"))
      return { slices: this.#calibrate(), haste: "low" };
    return recall.isProbeDue(parts.indexed) ? { slices: this.#probe(), haste: "none" } : undefined;
  }

  /** A part that has grown by half since rows were looked for to which no path leads. */
  #unsurveyed(): GraphPart | undefined {
    return this.#of.parts.all.find(
      (part) => part.count >= Math.max(surveyedMin, (this.#surveyed.get(part) ?? 0) * surveyGrowth),
    );
  }

  async *#survey(part: GraphPart): AsyncGenerator<undefined> {
    const { rows, relinked } = await this.#of.parts.survey(part);
    this.#surveyed.set(part, rows);
    if (relinked > 0) this.#of.tell({ type: "index_relinked", rows, relinked });
    yield;
  }

  *#calibrate(): Generator<undefined> {
    const { parts, recall, tell } = this.#of;
    const { indexed } = parts;
    yield* recall.calibrate(indexed);
    tell({ type: "index_calibrated", indexed_rows: indexed });
  }

  *#probe(): Generator<undefined> {
    const { parts, recall, tell } = this.#of;
    const report = yield* recall.probe(parts.indexed);
    if (recall.isOnTarget) this.#remedy = "none";
    if (!report || report.samples % probesPerReport > 0) return;
    const { recallAt10, samples } = report;
    tell({ type: "index_probed", recall_at_10: recallAt10, samples });
  }

  #isRemedyDue(): boolean {
    return this.#remedy !== "rebuilt" && this.#of.recall.isBelowTarget;
  }

  *#remedyLowRecall(): Generator<undefined> {
    const { parts } = this.#of;
    if (this.#remedy === "none") {
      this.#remedy = "calibrated";
    } else {
      this.#remedy = "rebuilt";
      this.#condemned = parts.all;
    }
    yield* this.#calibrate();
  }

  #rebuildDue(): { readonly part: GraphPart; readonly reason: RebuildReason } | undefined {
    const { parts } = this.#of;
    this.#condemned = this.#condemned.filter((part) => parts.all.includes(part));
    const [part] = this.#condemned;
    return part ? { part, reason: "low_recall" } : this.#decay.worst(parts);
  }

  /** Builds a part anew beside the old one, which goes on growing and being searched. */
  async *#rebuild(old: GraphPart, reason: RebuildReason): AsyncGenerator<undefined> {
    const { parts, tell } = this.#of;
    tell({ type: "index_rebuild_started", reason, rows: old.count });
    try {
      const fresh = parts.create(old.first);
      while (fresh.count < old.count) {
        const to = Math.min(old.end, fresh.end + rebuildRows);
        if (!(await parts.fill(fresh, to)))
          throw new DvespError("STORAGE_FULL", "no memory for a graph");
        if (fresh.count < old.count) yield;
      }
      parts.replace(fresh);
      tell({ type: "index_rebuilt", reason, rows: fresh.count });
    } catch (error) {
      if (!isDvespError(error)) throw error;
      this.#giveUp(old, reason);
      return;
    }
    if (reason !== "coarse_codes") yield* this.#calibrate();
  }

  /** There is no memory for a second graph. */
  #giveUp(part: GraphPart, reason: RebuildReason): void {
    this.#condemned = this.#condemned.filter((one) => one !== part);
    this.#decay.postpone(part);
    this.#of.tell({ type: "index_rebuild_failed", reason, rows: part.count });
  }
}

/** What cannot wait for a lull goes on while rows come. */
function isNeeded({ haste }: Task): boolean {
  return haste === "utmost" || haste === "high";
}

function needOf({ haste }: Task, idleness: Idleness): UpkeepNeed {
  switch (haste) {
    case "utmost":
      return "now";
    case "high":
      return idleness === "lull" ? "soon" : "now";
    case "low":
      return idleness === "quiet" ? "now" : "later";
    case "none":
      return "leisure";
    default:
      return unreachable(haste);
  }
}
