import { expect, it } from "vitest";
import { askStatuses } from "../../../src/actors/collection/shard-statuses.js";
import type { ReplicaState } from "../../../src/cluster/index.js";
import type { ReplicaAccess, ShardAccess } from "../../../src/actors/replicas/access.js";
import type { ShardStatus } from "../../../src/actors/shard/messages.js";
import type { AskResult } from "../../../src/runtime/index.js";
import { gone, refused } from "./hand-made-ref.js";

const older = "0000000000010000.n1";
const newer = "0000000000020000.n1";

it("believes a replica with the newest write, whichever answers first", async () => {
  const shard = shardOf([replica("active", older, 25), replica("active", newer, 20)]);
  expect(rowsOf(await askStatuses(shard))).toEqual([20, 25]);
});

it("believes a replica that is being filled after all that count", async () => {
  const shard = shardOf([replica("recovering", newer, 3), replica("active", older, 25)]);
  expect(rowsOf(await askStatuses(shard))).toEqual([25, 3]);
});

it("asks only those that are alive", async () => {
  const dead = { ...replica("active", newer, 7), isAlive: () => false };
  expect(rowsOf(await askStatuses(shardOf([dead, replica("active", older, 8)])))).toEqual([8]);
  expect(await askStatuses(shardOf([dead]))).toEqual([]);
});

it("goes on without one that fails, and says why when all do", async () => {
  const failed = replicaThat("active", refused("OVERLOADED") as AskResult<never>);
  expect(rowsOf(await askStatuses(shardOf([failed, replica("active", older, 8)])))).toEqual([8]);
  await expect(askStatuses(shardOf([failed]))).rejects.toMatchObject({ code: "OVERLOADED" });
});

function rowsOf(statuses: readonly ShardStatus[]): number[] {
  return statuses.map(({ rows }) => rows);
}

function replica(state: ReplicaState, applied_version: string, rows: number): ReplicaAccess {
  const bytes = {
    vectors_memory: 0,
    index_codes_memory: 0,
    index_links_memory: 0,
    vectors_disk: 0,
    rows_disk: 0,
    index_disk: 0,
  };
  const status: ShardStatus = { rows, root: "", applied_version, indexed: [], bytes };
  return replicaThat(state, { outcome: "ok", value: status });
}

function replicaThat(state: ReplicaState, end: AskResult<ShardStatus>): ReplicaAccess {
  return {
    place: { node: "n1", state, identity: "" },
    local: false,
    outstanding: 0,
    isAlive: () => true,
    ask: () => Promise.resolve(gone as AskResult<never>),
    read: () => Promise.resolve(gone as AskResult<never>),
    status: () => Promise.resolve(end),
  };
}

function shardOf(replicas: readonly ReplicaAccess[]): ShardAccess {
  const shard = { id: 0, from: 0, to: 2 ** 32, epoch: 1, replicas: [] };
  return { shard, replicas };
}
