/**
 * Which nodes hold a shard: rendezvous hashing (Thaler and Ravishankar, 1998). Each node has a score
 * for the shard, and the highest hold it. A node that comes takes over only what it now scores
 * highest for, and one that goes leaves only what it held.
 */
import { createHash } from "node:crypto";
import { assert } from "../base/index.js";

/** The `count` nodes that hold the shard, the best first; fewer when there are fewer nodes. */
export function placeShard(
  collection: string,
  shard: number,
  nodes: readonly string[],
  count: number,
): string[] {
  assert(new Set(nodes).size === nodes.length, "each node once");
  return nodes
    .map((node) => ({ node, score: scoreOf(collection, shard, node) }))
    .sort((a, b) => (a.score < b.score ? 1 : a.score > b.score ? -1 : a.node < b.node ? -1 : 1))
    .slice(0, count)
    .map(({ node }) => node);
}

function scoreOf(collection: string, shard: number, node: string): bigint {
  const text = JSON.stringify([collection, shard, node]);
  return createHash("sha256").update(text).digest().readBigUInt64BE();
}
