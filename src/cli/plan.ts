/** `dvesp plan`: memory, disk, shards and nodes for a collection that is yet to be. */
import { planCapacity } from "../node/index.js";
import type { CapacityPlan, CapacityRequest } from "../node/index.js";

export interface PlanCommandOptions {
  readonly rows: number;
  readonly dimension: number;
  readonly metadataBytes: number;
  readonly replicationFactor: number;
  readonly memoryPerNode: number;
  readonly index: CapacityRequest["index"];
  readonly quantization: CapacityRequest["quantization"];
  readonly json?: boolean;
}

/** Errors: those of `planCapacity`. */
export function printPlan(options: PlanCommandOptions, out: NodeJS.WritableStream): void {
  const { memoryPerNode, json, ...request } = options;
  const plan = planCapacity({ ...request, memoryPerNodeBytes: memoryPerNode });
  out.write(json === true ? `${JSON.stringify(plan, null, 2)}\n` : describe(plan));
}

function describe(plan: CapacityPlan): string {
  const { bytes_per_row: row } = plan;
  const lines: readonly (readonly [string, string])[] = [
    ["nodes", String(plan.nodes)],
    ["shards", `${plan.shards} of ${plan.rows_per_shard.toLocaleString("en")} rows`],
    ["memory of a node", size(plan.memory_per_node_bytes)],
    ["disk of a node", size(plan.disk_per_node_bytes)],
    ["memory of all", size(plan.memory_bytes)],
    ["disk of all", size(plan.disk_bytes)],
    ["a row in memory: vector", bytes(row.vectors_memory)],
    ["a row in memory: codes", bytes(row.index_codes_memory)],
    ["a row in memory: links or lists", bytes(row.index_links_memory)],
    ["a row on disk: vector", bytes(row.vectors_disk)],
    ["a row on disk: record, id", bytes(row.rows_disk)],
    ["a row on disk: index snapshots", bytes(row.index_disk)],
  ];
  return lines.map(([name, value]) => `${name.padEnd(33)}${value}\n`).join("");
}

function bytes(value: number): string {
  return `${Math.round(value).toLocaleString("en")} bytes`;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

function size(value: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${(value / 2 ** (10 * power)).toFixed(1)} ${units[power] as string}`;
}
