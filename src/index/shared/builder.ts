/**
 * The writer of an index of engine `shared`. What it adds is at once in the memory that readers walk;
 * a publication only tells them how far they may read, and how hard they must look, so it costs
 * nothing. All else that an index needs is done by its upkeep, in slices.
 *
 * A graph fills one memory; rows beyond go to another (parts.ts).
 */
import { seededRandom } from "../../base/index.js";
import type { Calibration } from "../calibration.js";
import type { Walk } from "../calibration-samples.js";
import { ExactScanner } from "../exact-scanner.js";
import type { SharedSpec } from "../index-spec.js";
import type { BuilderOptions, Idleness, IndexBuilder, UpkeepNeed } from "../vector-index.js";
import { efMax } from "./graph-layout.js";
import { graphRowsOf } from "./graph-set.js";
import { GraphParts } from "./parts.js";
import type { SharedPublication } from "./publication.js";
import { rankedOf } from "./ranked-graphs.js";
import { RecallKeeper } from "./recall-keeper.js";
import { SnapshotKeeper, type RestoredParts } from "./snapshot-keeper.js";
import type { GraphHealth } from "./survey.js";
import { Upkeep } from "./upkeep.js";

/**
 * Candidates more that a walk around a hidden row gets: what others had linked through that row is
 * missing. On six sets the recall then is that of queries from outside, or a little lower.
 */
const hiddenMore = 4;

export class SharedBuilder implements IndexBuilder {
  readonly publicationCost = "constant";
  readonly #spec: SharedSpec;
  readonly #parts: GraphParts;
  readonly #recall: RecallKeeper;
  readonly #snapshots: SnapshotKeeper;
  readonly #upkeep: Upkeep;
  #published: SharedPublication | undefined;

  private constructor(
    options: BuilderOptions<SharedSpec>,
    snapshots: SnapshotKeeper,
    { parts, calibration, calibratedAt }: RestoredParts,
  ) {
    const { spec, rows, onEvent } = options;
    this.#spec = spec;
    this.#snapshots = snapshots;
    this.#parts = new GraphParts(options, parts);
    const scanner = new ExactScanner(rows);
    this.#recall = new RecallKeeper(
      {
        scanner,
        metric: spec.metric,
        hides: true,
        target: spec.recall,
        walkTo: (limit) => this.#walk(scanner, limit),
        random: seededRandom(rows.committed),
      },
      { calibration, calibratedAt },
    );
    this.#upkeep = new Upkeep({
      rows,
      parts: this.#parts,
      recall: this.#recall,
      snapshots,
      tell: (event) => onEvent?.(event),
    });
  }

  static async open(options: BuilderOptions<SharedSpec>): Promise<SharedBuilder> {
    const snapshots = new SnapshotKeeper(options, graphRowsOf(options.spec));
    return new SharedBuilder(options, snapshots, await snapshots.restore());
  }

  get indexed(): number {
    return this.#parts.indexed;
  }

  get isPublished(): boolean {
    return this.#isCurrent(this.#published);
  }

  async add(count: number): Promise<number> {
    let taken = 0;
    while (taken < count && !this.#snapshots.isCopying) {
      const more = await this.#parts.take(count - taken);
      if (more === 0) break;
      taken += more;
    }
    return taken;
  }

  remove(ordinals: Uint32Array): void {
    for (const ordinal of ordinals) {
      for (const part of this.#parts.all) part.remove(ordinal);
    }
  }

  upkeep(idleness: Idleness): Promise<UpkeepNeed> {
    return this.#upkeep.run(idleness);
  }

  /** Links rows of the last graph again to which no path leads any more; how well that graph is. */
  survey(): Promise<GraphHealth> {
    return this.#parts.survey(this.#parts.last);
  }

  publish(): Promise<SharedPublication> {
    const last = this.#published;
    if (last && this.#isCurrent(last)) return Promise.resolve(last);
    this.#published = {
      engine: "shared",
      spec: this.#spec,
      generation: (last?.generation ?? 0) + 1,
      indexed: this.indexed,
      calibration: this.#calibration,
      memories: this.#memories(),
    };
    return Promise.resolve(this.#published);
  }

  async close(): Promise<void> {
    await this.#upkeep.close();
    await this.#snapshots.close(this.#parts, this.#recall.state);
  }

  get #calibration(): Calibration {
    return this.#recall.calibrationOf(this.indexed);
  }

  #memories(): readonly WebAssembly.Memory[] {
    return this.#parts.all.map(({ graph }) => graph.memory);
  }

  #isCurrent(publication: SharedPublication | undefined): boolean {
    if (!publication) return false;
    const { indexed, calibration, memories } = publication;
    const present = this.#memories();
    return (
      indexed === this.indexed &&
      calibration === this.#calibration &&
      memories.length === present.length &&
      memories.every((memory, index) => memory === present[index])
    );
  }

  /** As a reader's, so that what is measured is what searches get. */
  #walk(scanner: ExactScanner, limit: number): Walk {
    const { metric } = this.#spec;
    return (query, k, ef, hidden) => {
      const more = hidden === undefined ? ef : ef + hiddenMore;
      const wanted = rankedOf(k, ef);
      const walk = { query, wanted, ef: Math.min(more, efMax), limit, hidden };
      return scanner.rank({ query, metric, k }, this.#parts.graphs.walk(walk).ordinals);
    };
  }
}
