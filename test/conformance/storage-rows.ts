/** Rows, and a model of a store, for tests of storage: everything follows from a seed. */
import { packBytes, packedItem, randomBelow, type Random } from "../../src/base/index.js";
import {
  bytesCrc,
  vectorCrc,
  type CommitBatch,
  type RowColumns,
  type RowRecord,
  type RowSnapshot,
  type RowStore,
  type Stage,
} from "../../src/storage/index.js";

export const emptyBatch: CommitBatch = {
  puts: [],
  removes: [],
  tombstones: [],
  untombstone: [],
  leaves: [],
  operations: [],
  appliedVersion: "v0",
  nowMs: 1000,
};

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => randomBelow(random, 256));
}

export function randomVectors(random: Random, count: number, dimension: number): Float32Array {
  return Float32Array.from({ length: count * dimension }, () => random.uint32() / 2 ** 31 - 1);
}

/** The record of row `index` of `vectors`, to be stored at `ordinal`. */
export function rowOf(
  random: Random,
  parts: { vectors: Float32Array; index: number; dimension: number; ordinal: number },
): RowRecord {
  const metadata = randomBytes(random, randomBelow(random, 60));
  return {
    ordinal: parts.ordinal,
    id: randomBytes(random, 16),
    version: `v${random.uint32()}`,
    vectorCrc: vectorCrc(parts.vectors, parts.index, parts.dimension),
    metadataCrc: bytesCrc(metadata),
    metadata,
  };
}

/** A batch of new rows, from the next ordinal on. */
export function insertion(
  random: Random,
  at: { firstOrdinal: number; dimension: number; count: number },
): CommitBatch & { vectors: Float32Array } {
  const vectors = randomVectors(random, at.count, at.dimension);
  const puts = Array.from({ length: at.count }, (_, index) =>
    rowOf(random, { vectors, index, dimension: at.dimension, ordinal: at.firstOrdinal + index }),
  );
  return { ...emptyBatch, vectors, puts, appliedVersion: `v${random.uint32()}` };
}

/** `count` rows as columns, with their vectors. */
export function randomColumns(
  random: Random,
  at: { firstOrdinal: number; dimension: number; count: number },
): { columns: RowColumns; vectors: Float32Array } {
  const { vectors, puts, appliedVersion: version } = insertion(random, at);
  const columns = {
    ...{ firstOrdinal: at.firstOrdinal, version },
    ids: Buffer.concat(puts.map(({ id }) => id)),
    vectorCrcs: Uint32Array.from(puts, ({ vectorCrc }) => vectorCrc),
    metadataCrcs: Uint32Array.from(puts, ({ metadataCrc }) => metadataCrc),
    metadata: packBytes(puts.map(({ metadata }) => metadata)),
  };
  return { columns, vectors };
}

/** The rows that columns stand for. */
export function rowsOfColumns(columns: RowColumns | undefined): RowRecord[] {
  if (!columns) return [];
  const { firstOrdinal, ids, version, vectorCrcs, metadataCrcs, metadata } = columns;
  return Array.from(vectorCrcs, (vectorCrc, index) => ({
    ...{ ordinal: firstOrdinal + index, id: ids.subarray(16 * index, 16 * index + 16), version },
    ...{ vectorCrc, metadataCrc: metadataCrcs[index] as number },
    metadata: packedItem(metadata, index),
  }));
}

export function replaceMetadata(row: RowRecord, version: string, metadata: Uint8Array): RowRecord {
  return { ...row, version, metadata, metadataCrc: bytesCrc(metadata) };
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** All that a store holds, as plain values that compare and print well. */
export interface StoreContent {
  readonly appliedVersion: string;
  readonly nextOrdinal: number;
  readonly rows: Readonly<Record<number, string>>;
  readonly ids: Readonly<Record<string, number>>;
  readonly tombstones: Readonly<Record<string, string>>;
  readonly leaves: Readonly<Record<number, string>>;
  readonly promises: Readonly<Record<string, string>>;
  readonly stages: Readonly<Record<string, string>>;
  readonly standing: string;
}

export const emptyContent: StoreContent = {
  appliedVersion: "",
  nextOrdinal: 0,
  rows: {},
  ids: {},
  tombstones: {},
  leaves: {},
  promises: {},
  stages: {},
  standing: "",
};

function rowText(row: RowRecord): string {
  return [hexOf(row.id), row.version, row.vectorCrc, row.metadataCrc, hexOf(row.metadata)].join(
    " ",
  );
}

/** The content after `batch`, by the plainest means. */
export function applied(
  content: StoreContent,
  batch: CommitBatch,
  dimension: number,
): StoreContent {
  const rows = { ...content.rows };
  const ids = { ...content.ids };
  const tombstones = { ...content.tombstones };
  const leaves = { ...content.leaves };
  for (const { ordinal, id, keepId } of batch.removes) {
    Reflect.deleteProperty(rows, ordinal);
    if (!keepId) Reflect.deleteProperty(ids, hexOf(id));
  }
  for (const row of [...batch.puts, ...rowsOfColumns(batch.columns)]) {
    rows[row.ordinal] = rowText(row);
    ids[hexOf(row.id)] = row.ordinal;
  }
  for (const id of batch.untombstone) Reflect.deleteProperty(tombstones, hexOf(id));
  for (const { id, version } of batch.tombstones) tombstones[hexOf(id)] = version;
  for (const { bucket, leaf } of batch.leaves) leaves[bucket] = hexOf(leaf);
  const nextOrdinal = content.nextOrdinal + (batch.vectors?.length ?? 0) / dimension;
  const counts = { appliedVersion: batch.appliedVersion, nextOrdinal };
  return { ...counts, rows, ids, tombstones, leaves, ...appliedReplication(content, batch) };
}

function appliedReplication(
  content: StoreContent,
  batch: CommitBatch,
): Pick<StoreContent, "promises" | "stages" | "standing"> {
  const promises = { ...content.promises };
  const stages = { ...content.stages };
  for (const { id, promise } of batch.promises ?? []) {
    if (promise) promises[hexOf(id)] = `${promise.ballot} ${promise.base}`;
    else Reflect.deleteProperty(promises, hexOf(id));
  }
  for (const { operation, stage } of batch.stages ?? []) {
    if (stage) stages[operation] = stageText(stage);
    else Reflect.deleteProperty(stages, operation);
  }
  const standing = batch.standing ? hexOf(batch.standing) : content.standing;
  return { promises, stages, standing };
}

function stageText(stage: Stage | undefined): string {
  return stage ? `${hexOf(stage.info)} ${hexOf(stage.body)}` : "";
}

export function contentOf(snapshot: RowSnapshot): StoreContent {
  const rows = Object.fromEntries([...snapshot.scan(0)].map((row) => [row.ordinal, rowText(row)]));
  const ids = [...snapshot.scanIds(undefined)].map(({ id, ordinal }) => [hexOf(id), ordinal]);
  const tombstones = [...snapshot.tombstones()].map(({ id, version }) => [hexOf(id), version]);
  const leaves = [...snapshot.leaves()].map(({ bucket, leaf }) => [bucket, hexOf(leaf)]);
  const promises = [...snapshot.promises()].map(({ id, ballot, base }) => [
    hexOf(id),
    `${ballot} ${base}`,
  ]);
  const stages = [...snapshot.stages()].map(({ operation }) => [
    operation,
    stageText(snapshot.stage(operation)),
  ]);
  return {
    appliedVersion: snapshot.appliedVersion,
    nextOrdinal: snapshot.nextOrdinal,
    rows,
    ids: Object.fromEntries(ids) as Record<string, number>,
    tombstones: Object.fromEntries(tombstones) as Record<string, string>,
    leaves: Object.fromEntries(leaves) as Record<number, string>,
    promises: Object.fromEntries(promises) as Record<string, string>,
    stages: Object.fromEntries(stages) as Record<string, string>,
    standing: hexOf(snapshot.standing ?? new Uint8Array(0)),
  };
}

export function storeContent(store: RowStore): StoreContent {
  const snapshot = store.snapshot();
  try {
    return contentOf(snapshot);
  } finally {
    snapshot.release();
  }
}

/** All vectors from ordinal 0 on, in one piece; zeros where a file was given back. */
export async function allVectors(store: RowStore): Promise<Float32Array> {
  const all = new Float32Array(store.nextOrdinal * store.dimension);
  let next = 0;
  await store.loadVectors(0, store.nextOrdinal, (first, rows) => {
    if (first < next) throw new Error(`block at ${first}, expected ${next}`);
    all.set(rows, first * store.dimension);
    next = first + rows.length / store.dimension;
  });
  return all;
}

/** A random batch that the store of this content takes: inserts, updates, upserts and deletes. */
export function randomBatch(
  random: Random,
  store: RowStore,
  limits: { rowsMax: number },
): CommitBatch {
  const { dimension, nextOrdinal } = store;
  const count = randomBelow(random, limits.rowsMax + 1);
  const fresh = insertion(random, { firstOrdinal: nextOrdinal, dimension, count });
  const snapshot = store.snapshot();
  const live = [...snapshot.scan(0)];
  const buried = [...snapshot.tombstones()];
  snapshot.release();
  const puts = [...fresh.puts];
  const removes: { ordinal: number; id: Uint8Array; keepId: boolean }[] = [];
  const tombstones: { id: Uint8Array; version: string }[] = [];
  for (const row of live) {
    const fate = randomBelow(random, 12);
    if (fate === 0) {
      puts.push(replaceMetadata(row, `u${random.uint32()}`, randomBytes(random, 20)));
    } else if (fate === 1) {
      removes.push({ ordinal: row.ordinal, id: row.id, keepId: false });
      tombstones.push({ id: row.id, version: `d${random.uint32()}` });
    } else if (fate === 2 && removes.length < fresh.puts.length) {
      const index = removes.length;
      puts[index] = { ...(puts[index] as RowRecord), id: row.id };
      removes.push({ ordinal: row.ordinal, id: row.id, keepId: true });
    }
  }
  const untombstone = buried.filter(() => randomBelow(random, 4) === 0).map(({ id }) => id);
  const leaves = Array.from({ length: randomBelow(random, 4) }, () => ({
    bucket: randomBelow(random, 64),
    leaf: randomBytes(random, 32),
  }));
  const replication = randomReplication(random, store);
  const changes = { puts, removes, tombstones, untombstone, leaves };
  return { ...withColumns(random, fresh, { store, limits }), ...changes, ...replication };
}

/** Half of the time with more new rows, as columns. */
function withColumns(
  random: Random,
  fresh: CommitBatch & { vectors: Float32Array },
  { store, limits }: { store: RowStore; limits: { rowsMax: number } },
): CommitBatch {
  if (randomBelow(random, 2) === 0) return fresh;
  const { dimension, nextOrdinal } = store;
  const firstOrdinal = nextOrdinal + fresh.puts.length;
  const count = 1 + randomBelow(random, Math.min(limits.rowsMax, 6));
  const { columns, vectors } = randomColumns(random, { firstOrdinal, dimension, count });
  return { ...fresh, columns, vectors: Float32Array.from([...fresh.vectors, ...vectors]) };
}

/** Promises, staged batches and standing come and go. */
function randomReplication(random: Random, store: RowStore): Partial<CommitBatch> {
  const snapshot = store.snapshot();
  const promised = [...snapshot.promises()];
  const staged = [...snapshot.stages()];
  snapshot.release();
  const chance = (): boolean => randomBelow(random, 4) === 0;
  const kept = promised.filter(chance).map(({ id }) => ({ id, promise: undefined }));
  const made = Array.from({ length: randomBelow(random, 4) }, () => {
    const promise = { ballot: `b${random.uint32()}`, base: chance() ? "" : "v1" };
    return { id: randomBytes(random, 16), promise };
  });
  const decided = staged.filter(chance).map(({ operation }) => ({ operation, stage: undefined }));
  const begun = Array.from({ length: randomBelow(random, 3) }, () => {
    const info = randomBytes(random, randomBelow(random, 9));
    const stage = { info, body: randomBytes(random, randomBelow(random, 300)) };
    return { operation: `batch/${random.uint32()}`, stage };
  });
  const standing = chance() ? { standing: randomBytes(random, randomBelow(random, 40)) } : {};
  return { promises: [...kept, ...made], stages: [...decided, ...begun], ...standing };
}
