/**
 * What every index is: a builder on one thread, readers on any, and publications between them.
 *
 * An index covers the ordinals [0, indexed) of a `SharedRows`; the rows after it are *fresh* and are
 * scanned exactly (replica-search.ts). It is derived: it may be lost or damaged at any time and is
 * built again. Whether a row is dead is said by the flags of `SharedRows` alone, so a deletion holds
 * at once in every reader, whatever it has attached.
 */
import type { Disk, PlainError, Random } from "../base/index.js";
import type { AllowList } from "./allow-list.js";
import type { BuildHelpers } from "./build-helpers.js";
import type { HnswlibPublication } from "./hnswlib-publication.js";
import type { Hits } from "./hits.js";
import type { FlatSpec, IndexSpec, SearchEffort } from "./index-spec.js";
import type { IvfPublication } from "./ivf/publication.js";
import type { Metric } from "./metric.js";
import type { SharedPublication } from "./shared/publication.js";
import type { SharedRows } from "./shared-rows.js";

export interface FlatPublication {
  readonly engine: "flat";
  readonly spec: FlatSpec;
  readonly generation: number;
  readonly indexed: number;
}

/** A state of an index that readers may attach; survives a structured clone. */
export type IndexPublication =
  FlatPublication | HnswlibPublication | SharedPublication | IvfPublication;

export interface IndexQuery {
  /** As many components as the rows have, all finite. */
  readonly query: Float32Array;
  /** Hits wanted at most. */
  readonly k: number;
  readonly effort: SearchEffort;
  /** Only these rows, when given. */
  readonly allow?: AllowList | undefined;
  /** Rows farther than this are left out. */
  readonly maxDistance?: number | undefined;
  /** Asked from time to time; true ends the search as `TIMEOUT`. */
  readonly shouldStop?: (() => boolean) | undefined;
}

/**
 * How the hits were found: by walking a graph, by probing lists of rows, by comparing with all rows
 * that qualify (`scan`: by their float32 components, so exactly; `list`: by their codes, the best
 * ranked exactly), or both.
 */
export type SearchRoute =
  | { readonly kind: "scan" }
  /** Over all rows; `filtered_walk`: over admitted rows alone. */
  | { readonly kind: "walk" | "filtered_walk" | "walk_then_filtered_walk"; readonly ef: number }
  | { readonly kind: "list"; readonly compared: number }
  | { readonly kind: "walk_then_list"; readonly ef: number; readonly compared: number }
  /** The walk came back with fewer than there are. */
  | { readonly kind: "walk_then_scan"; readonly ef: number }
  /** The lists probed, and the rows in them that were compared by their codes. */
  | { readonly kind: "probe"; readonly lists: number; readonly compared: number }
  | { readonly kind: "probe_then_scan"; readonly lists: number; readonly compared: number };

export interface IndexAnswer {
  /** Distances are exact to float32; no dead rows; never fewer than exist. */
  readonly hits: Hits;
  readonly route: SearchRoute;
}

/** What a publication costs: the same always, or in proportion to all that is indexed. */
export type PublicationCost = "constant" | "whole_index";

/** What lists of rows are like, for whoever decides when to rebalance them. */
export interface ListFacts {
  readonly rows: number;
  readonly lists: number;
  /** Lists that an index of so many rows should have. */
  readonly lists_wanted: number;
  /** Rows of the largest and the smallest list. */
  readonly largest: number;
  readonly smallest: number;
  /** Lists with so many rows that they should be split, or so few that they should be dissolved. */
  readonly oversized: number;
  readonly undersized: number;
  /** Rows when all lists were last made anew; 0 for never. */
  readonly trained_rows: number;
  /** How far added rows lie from their centroids, against rows at the last training; 1 = the same. */
  readonly drift: number;
}

/** All lists made anew, or at most so many of the worst split or dissolved. */
export type RebalanceStep =
  { readonly kind: "train" } | { readonly kind: "split" | "merge"; readonly lists: number };

/** `waiting`: for searches that read what must not change yet. `failed`: there was no memory. */
export type RebalanceState = "idle" | "more" | "waiting" | "done" | "failed";

/** Changes lists in the background, a step at a time. Searches meet every row once meanwhile. */
export interface Rebalancing {
  facts(): ListFacts;
  /** Prepares a step, elsewhere if it takes long; then `advance` has work. One at a time. */
  begin(step: RebalanceStep): Promise<void>;
  /** Works for some milliseconds. Not while the index is published. */
  advance(): RebalanceState;
}

/** What happens to an index in the background. */
export type IndexEvent =
  | { readonly type: "index_calibrated"; readonly indexed_rows: number }
  /** Recall of sample queries with the default effort, a mean over `samples`. */
  | { readonly type: "index_probed"; readonly recall_at_10: number; readonly samples: number }
  | {
      readonly type: "index_snapshot_written" | "index_snapshot_skipped";
      readonly indexed_rows: number;
      readonly bytes: number;
    }
  /** Rows to which no path led were linked again. */
  | { readonly type: "index_relinked"; readonly rows: number; readonly relinked: number }
  | { readonly type: "index_snapshot_failed"; readonly error: PlainError }
  | {
      readonly type: "index_rebuild_started" | "index_rebuilt" | "index_rebuild_failed";
      readonly reason: "dead_rows" | "coarse_codes" | "low_recall";
      readonly rows: number;
    };

/**
 * What is to be done next besides taking rows in: nothing; something now; or something that may take a
 * share of the time, a smaller one each.
 */
export type UpkeepNeed = "nothing" | "now" | "soon" | "later" | "leisure";

/**
 * Whether rows come: there are some to take in; none just now, as between the commits of a trickle, when
 * whatever is done should leave time for others; or none have come for a while.
 */
export type Idleness = "busy" | "lull" | "quiet";

/** The only writer of an index. Its methods are called one after the other. */
export interface IndexBuilder {
  /** All ordinals below are in the index, or dead. */
  readonly indexed: number;
  readonly publicationCost: PublicationCost;
  /**
   * Takes the next `count` durable rows in order, fewer if there are not so many; how many. Other
   * work of the thread gets its turn meanwhile.
   */
  add(count: number): Promise<number>;
  /** Whether the last publication holds all that there is to publish. */
  readonly isPublished: boolean;
  /**
   * Does some milliseconds of what keeps the index good (measuring, snapshots, building anew); says
   * what it was.
   */
  upkeep(idleness: Idleness): Promise<UpkeepNeed>;
  /** Forgets rows, which are marked dead in the `SharedRows` already. */
  remove(ordinals: Uint32Array): void;
  /**
   * Makes what is indexed so far available to readers; the last publication again if nothing has
   * changed. Errors: `STORAGE_FULL`, `INTERNAL` (disk); the last publication stays valid.
   */
  publish(): Promise<IndexPublication>;
  close(): Promise<void>;
  /** For an index whose rows are kept in lists. */
  readonly rebalancing?: Rebalancing;
}

/** One thread's view of one publication. */
export interface IndexReader {
  readonly metric: Metric;
  /** Ordinals below are covered by `search`. */
  readonly indexed: number;
  /** The nearest of [0, indexed). Errors: `TIMEOUT`. */
  search(query: IndexQuery): IndexAnswer;
  /**
   * Moves on to a newer publication of the same engine; searches meanwhile see the old one.
   * Errors: `DATA_CORRUPTED` when it cannot be read (it may be replaced already); the old one stays.
   */
  refresh(publication: IndexPublication): Promise<void>;
  close(): void;
}

export interface BuilderOptions<Spec extends IndexSpec = IndexSpec> {
  readonly spec: Spec;
  /** This thread's view of the rows; all durable ones are in it (else a snapshot seems foreign). */
  readonly rows: SharedRows;
  /** The builder's own; made when missing. */
  readonly directory: string;
  readonly disk: Disk;
  /** Gives indexes their identity, by which readers know a memory again. Default: the machine's. */
  readonly random?: Random | undefined;
  /** Threads that may help; without them the same rows make the same index. */
  readonly helpers?: BuildHelpers | undefined;
  /** Calls the export of a module on a thread to spare; without, such work is done on this one. */
  readonly runTask?: RunTask | undefined;
  readonly onEvent?: ((event: IndexEvent) => void) | undefined;
}

/** Arguments and result go by structured clone: shared memory is shared. */
export type RunTask = (
  module: string,
  exportName: string,
  args: readonly unknown[],
) => Promise<unknown>;

export interface IndexEngine<
  Spec extends IndexSpec = IndexSpec,
  Publication extends IndexPublication = IndexPublication,
> {
  /** Starts from the newest valid snapshot in the directory, otherwise empty. */
  openBuilder(options: BuilderOptions<Spec>): Promise<IndexBuilder>;
  /** Errors: as `IndexReader.refresh`. */
  attach(publication: Publication, rows: SharedRows): Promise<IndexReader>;
}
