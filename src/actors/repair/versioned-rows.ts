/** Parts of `VersionedRows`: what replicas tell each other of their rows. */
import { packBytes, packedItem, present, uuidBytes } from "../../base/index.js";
import type { VersionedRows } from "../replica/replication-messages.js";

/** The 16 bytes of an id as a key of maps. */
export function idName(ids: Uint8Array, index: number): string {
  const { buffer, byteOffset } = ids;
  return Buffer.from(buffer, byteOffset + index * uuidBytes, uuidBytes).toString("latin1");
}

/** Ids, 16 bytes each, of their names. */
export function idsOf(names: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(names.join(""), "latin1"));
}

/** Bytes that the rows take in a message, about. */
export function bytesOfRows({ ids, versions, live, vectors, metadata }: VersionedRows): number {
  const versionBytes = versions.reduce((sum, version) => sum + version.length, 0);
  const contents = (vectors?.byteLength ?? 0) + (metadata?.data.length ?? 0);
  return ids.length + live.length + versionBytes + contents;
}

/** Those of the rows, with their contents, that `keep` says. */
export function selectRows(
  rows: VersionedRows,
  keep: (index: number) => boolean,
): VersionedRows | undefined {
  const kept = rows.versions.flatMap((_, index) => (keep(index) ? [index] : []));
  if (kept.length === 0) return undefined;
  if (kept.length === rows.versions.length) return rows;
  return {
    ids: idsOf(kept.map((index) => idName(rows.ids, index))),
    versions: kept.map((index) => present(rows.versions[index], "a version for each id")),
    live: Uint8Array.from(kept, (index) => rows.live[index] ?? 0),
    ...contentsOf(rows, kept),
  };
}

function contentsOf(
  { live, vectors, metadata }: VersionedRows,
  kept: readonly number[],
): Pick<VersionedRows, "vectors" | "metadata"> {
  if (!vectors || !metadata) return {};
  const places: number[] = [];
  let count = 0;
  for (const flag of live) places.push(flag === 1 ? count++ : -1);
  const wanted = kept.map((index) => places[index] ?? -1).filter((place) => place >= 0);
  const dimension = count === 0 ? 0 : vectors.length / count;
  const packed = new Float32Array(wanted.length * dimension);
  wanted.forEach((place, index) =>
    packed.set(vectors.subarray(place * dimension, (place + 1) * dimension), index * dimension),
  );
  return {
    vectors: packed,
    metadata: packBytes(wanted.map((place) => packedItem(metadata, place))),
  };
}
