/** Promises and staged batches, checked against themselves, each other and the rows. */
import { idKey, idOfKey, numberKey, stagePartKey, tags } from "./keys.js";
import type { Tag } from "./keys.js";
import type { IdLookup } from "./id-lookup.js";
import { decodePromise } from "./promise-records.js";
import { decodeRow, decodeTombstone } from "./records.js";
import { decodeStage, decodeStagePart } from "./stage-records.js";
import type { TableSnapshot } from "./table.js";

export interface ReplicationChecks {
  readonly table: TableSnapshot;
  readonly ids: IdLookup;
  /** Calls `check` with every entry of a kind; what it throws is a problem. How many there are. */
  readonly each: (tag: Tag, check: (key: Uint8Array, value: Uint8Array) => void) => number;
  readonly problem: (problem: string) => void;
}

/** No row or tombstone has reached what was promised of its id: then the promise would be gone. */
export function verifyPromises({ table, ids, each, problem }: ReplicationChecks): number {
  return each(tags.promise, (key, value) => {
    const { id, ballot } = decodePromise(key, value);
    const version = versionOf(table, ids, id);
    if (version === undefined || version < ballot) return;
    problem(
      `id ${Buffer.from(idOfKey(key)).toString("hex")}: its promise was kept, and is still there`,
    );
  });
}

/** Every batch has all its parts, and every part its batch. */
export function verifyStages({ table, each, problem }: ReplicationChecks): number {
  const wanted = new Set<string>();
  const count = each(tags.stage, (key, value) => {
    const { operation, number, parts } = decodeStage(key, value);
    for (let part = 0; part < parts; part++) {
      const partKey = stagePartKey(number, part);
      wanted.add(Buffer.from(partKey).toString("hex"));
      if (!table.has(partKey)) problem(`staged batch ${operation}: part ${part} is not there`);
    }
  });
  each(tags.stagePart, (key, value) => {
    decodeStagePart(key, value);
    if (wanted.has(Buffer.from(key).toString("hex"))) return;
    problem(`part ${Buffer.from(key.subarray(1)).toString("hex")} belongs to no staged batch`);
  });
  return count;
}

function versionOf(table: TableSnapshot, ids: IdLookup, id: Uint8Array): string | undefined {
  const ordinal = ids.ordinalOf(id);
  const rowKey = ordinal === undefined ? undefined : numberKey(tags.row, ordinal);
  const row = rowKey && table.get(rowKey);
  if (row) return decodeRow(rowKey, row).version;
  const key = idKey(tags.tombstone, id);
  const tombstone = table.get(key);
  return tombstone && decodeTombstone(key, tombstone);
}
