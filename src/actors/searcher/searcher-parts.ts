/** What a searcher reads from, opened on its thread: shared memory, the shard's storage, and indexes. */
import { isDvespError } from "../../base/index.js";
import { SharedRows } from "../../index/index.js";
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import { AdmittedRows, ChangeLog } from "../../payload/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import type { CollectionSettings } from "../../protocol/index.js";
import type { ActorContext, Address } from "../../runtime/index.js";
import { openRowStore } from "../../storage/index.js";
import type { RowStore } from "../../storage/index.js";
import { indexedCollection } from "../collection/settings.js";
import { AnswerSlots } from "./answer-slots.js";
import type { AnswerArea } from "./answer-slots.js";
import { AttachedIndexes } from "./attached-indexes.js";
import { MetricReport } from "./metric-report.js";

export interface SearcherArgs {
  readonly settings: CollectionSettings;
  readonly shard: number;
  readonly directory: string;
  /** Scratch slot of this thread in the shared rows. */
  readonly slot: number;
  /** Told by which metrics it is asked to search. */
  readonly owner: Address;
}

export interface SearcherParts {
  readonly rows: SharedRows;
  readonly store: RowStore;
  readonly index: AttachedIndexes;
  readonly slots: AnswerSlots;
  readonly admitted: AdmittedRows;
  readonly changes: ChangeLog;
  readonly report: MetricReport;
}

/** From what the actor was started with. Errors: those of storage. */
export async function openParts(context: ActorContext, args: SearcherArgs): Promise<SearcherParts> {
  const [handle, area, publications, log, payload] = context.attachments;
  const rows = SharedRows.attach(handle as SharedRowsHandle, args.slot);
  const { settings, directory } = args;
  const { dimension } = settings;
  const { disk, openTable } = context.storage;
  const store = await openRowStore({ directory, disk, openTable, dimension, mode: "read" });
  const report = reportOf(context, args);
  const index = await AttachedIndexes.open(rows, indexedCollection(settings), report.note);
  for (const publication of publications as readonly IndexPublication[]) {
    await attach(context, settings, index, publication);
  }
  const slots = new AnswerSlots(area as AnswerArea);
  const changes = ChangeLog.attach(log as SharedArrayBuffer);
  const admitted = new AdmittedRows(changes);
  if (payload !== undefined) admitted.refresh(payload as PayloadPublication);
  return { rows, store, index, slots, admitted, changes, report };
}

/** An index that cannot be read is no reason not to search: until the next one, rows are scanned. */
async function attach(
  context: ActorContext,
  { collection }: CollectionSettings,
  index: AttachedIndexes,
  publication: IndexPublication,
): Promise<void> {
  try {
    await index.refresh(publication);
  } catch (error) {
    if (!isDvespError(error)) throw error;
    context.emit({ type: "index_attach_failed", collection, error: error.toPlain() });
  }
}

function reportOf(context: ActorContext, { settings, owner }: SearcherArgs): MetricReport {
  const exchange = context.ref(owner);
  return new MetricReport({
    own: settings.distance_metric,
    clock: context.clock,
    tell: (asked) => exchange.tell({ type: "metrics_asked", asked }),
  });
}
