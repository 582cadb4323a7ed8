/** What a collection is like, from what the replicas of its shards say of themselves. */
import { DvespError } from "../../base/index.js";
import type {
  CollectionBytes,
  CollectionDescription,
  CollectionSettings,
  DistanceMetric,
} from "../../protocol/index.js";
import type { ShardStatus } from "../shard/messages.js";

/**
 * `shards[n]`: the replicas of a shard that answered, the one to be believed first. Rows are
 * counted once, bytes in every replica. Errors: `NOT_ENOUGH_REPLICAS` when one has no replica.
 */
export function describeShards(
  settings: CollectionSettings,
  shards: readonly (readonly ShardStatus[])[],
): CollectionDescription {
  const believed = shards.map(([first]) => {
    if (first) return first;
    throw new DvespError("NOT_ENOUGH_REPLICAS", "a shard of the collection has no replica alive");
  });
  const rows = believed.reduce((sum, shard) => sum + shard.rows, 0);
  const { distance_metric: own } = settings;
  const others = new Set(believed.flatMap(({ indexed }) => indexed.map(metricOf)));
  others.delete(own);
  const metric_indexes = [...others].map((distance_metric) => ({
    distance_metric,
    indexed_rows: indexedRows(believed, distance_metric),
  }));
  const bytes = sumBytes(shards.flat());
  return {
    ...settings,
    rows,
    indexed_rows: indexedRows(believed, own),
    ...(metric_indexes.length > 0 && { metric_indexes }),
    bytes,
    bytes_per_row: perRow(bytes, rows),
  };
}

function metricOf({ distance_metric }: ShardStatus["indexed"][number]): DistanceMetric {
  return distance_metric;
}

function indexedRows(shards: readonly ShardStatus[], metric: DistanceMetric): number {
  const ofMetric = shards
    .flatMap(({ indexed }) => indexed)
    .filter((one) => metricOf(one) === metric);
  return ofMetric.reduce((sum, { indexed_rows }) => sum + indexed_rows, 0);
}

function sumBytes(replicas: readonly ShardStatus[]): CollectionBytes {
  return eachMember((member) => replicas.reduce((sum, { bytes }) => sum + bytes[member], 0));
}

function perRow(bytes: CollectionBytes, rows: number): CollectionBytes {
  return eachMember((member) => (rows === 0 ? 0 : Math.round((10 * bytes[member]) / rows) / 10));
}

function eachMember(value: (member: keyof CollectionBytes) => number): CollectionBytes {
  return {
    vectors_memory: value("vectors_memory"),
    index_codes_memory: value("index_codes_memory"),
    index_links_memory: value("index_links_memory"),
    vectors_disk: value("vectors_disk"),
    rows_disk: value("rows_disk"),
    index_disk: value("index_disk"),
  };
}
