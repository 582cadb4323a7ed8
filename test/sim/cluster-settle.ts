/** What has to be so once all is mended: replicas alike, as many as there should be, and nothing left over. */
import { sleep } from "../../src/base/index.js";
import { describeCluster } from "../../src/node/describe-cluster.js";
import type { Checker } from "./checker.js";
import { leftOver } from "./left-over.js";
import type { Machine } from "./machine.js";
import type { SimTime } from "./sim-time.js";

export interface SettleParts {
  readonly time: SimTime;
  readonly machines: readonly Machine[];
  /** Of each shard. */
  readonly replicas: number;
  /** What is to be done still, in words. */
  readonly undone: () => string | undefined;
}

/** In which all of that has to be so once everything is mended. */
const settleMsMax = 120_000;
const lookMs = 500;

export async function settle(parts: SettleParts, checker: Checker): Promise<void> {
  const { time, machines, undone } = parts;
  const endMs = time.now() + settleMsMax;
  for (;;) {
    await sleep(time.clock, lookMs);
    const differing = undone() ?? (await whatDiffers(parts));
    const kept = differing === undefined ? await whatIsKept(machines) : undefined;
    if (differing === undefined && kept === undefined) return;
    if (time.now() < endMs) continue;
    const after = `${settleMsMax} ms after all was mended`;
    if (differing !== undefined) checker.fail("not_alike", `${after}: ${differing}`);
    if (kept !== undefined) checker.fail("memory", `${after}: ${kept}`);
    return;
  }
}

async function whatIsKept(machines: readonly Machine[]): Promise<string | undefined> {
  for (const { name, running } of machines) {
    const kept = running && (await leftOver(name, running));
    if (kept !== undefined) return kept;
  }
  return undefined;
}

async function whatDiffers({
  machines,
  replicas: wanted,
}: SettleParts): Promise<string | undefined> {
  for (const { name, running } of machines) {
    if (!running) return `${name} does not serve`;
    const { collections } = await describeCluster(running.node, name);
    const shards = collections.flatMap((one) => one.shards);
    if (shards.length === 0) return `${name} knows no shard`;
    for (const { id, replicas } of shards) {
      const roots = new Set(replicas.map((one) => one.merkle_root));
      const isActive = replicas.every(({ state }) => state === "active");
      const isWhole = isActive && replicas.length === wanted;
      if (roots.size !== 1 || !isWhole) return `${name}, shard ${id}: ${JSON.stringify(replicas)}`;
    }
  }
  return undefined;
}
