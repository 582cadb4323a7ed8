/** What a node may not keep once all is mended: hints for others, and batches that nobody has decided. */
import type { HintsMessage } from "../../src/actors/index.js";
import type { StagedBatch } from "../../src/actors/replica/replication-messages.js";
import { collection } from "./requests.js";
import type { Running } from "./machine.js";

const askMs = 1000;

/** In words; undefined when there is nothing. */
export async function leftOver(name: string, { node }: Running): Promise<string | undefined> {
  const keeper = node.system.ref<HintsMessage>({ host: `${name}/write-0`, name: "hints" });
  const hints = await keeper.ask<readonly string[]>({ type: "nodes" }, { timeout_ms: askMs });
  if (hints.outcome !== "ok") return `${name} does not say what hints it keeps`;
  if (hints.value.length > 0) return `${name} keeps hints for ${hints.value.join(", ")}`;
  const shards = node.registry.find(collection)?.access.shards() ?? [];
  for (const one of shards.flatMap(({ replicas }) => replicas)) {
    if (!one.local) continue;
    const staged = await one.ask<readonly StagedBatch[]>({ type: "staged" }, askMs);
    if (staged.outcome !== "ok") return `${name} does not say what is staged`;
    if (staged.value.length > 0) return `${name} holds ${staged.value.length} undecided batches`;
  }
  return undefined;
}
