/**
 * The searcher of a shard on the thread of the caller, and the desk before it. It is started when callers have
 * searched a few times, and then it is a child of the shard's supervisor as all others are.
 */
import type { CollectionSettings } from "../../protocol/index.js";
import type { ActorSystem, Address } from "../../runtime/index.js";
import type { ChildSpec, Supervisor } from "../../supervisors/index.js";
import { CallerDesk } from "../caller/caller-desk.js";
import type { CallerThread } from "../caller/caller-desk.js";
import { rowSlots } from "../row-slots.js";
import type { SearcherArgs } from "../searcher/searcher-parts.js";
import type { WorkerPool } from "../worker-pool.js";
import type { Shard } from "./shard.js";

export interface CallerSearcherParts {
  readonly system: ActorSystem;
  readonly settings: CollectionSettings;
  readonly thread: CallerThread;
  readonly address: Address;
  readonly module: string;
  /** What all searchers of the shard are started with. */
  readonly args: Omit<SearcherArgs, "slot">;
  readonly workers: WorkerPool;
  readonly shard: () => Shard;
  readonly supervisor: () => Supervisor;
}

/** Undefined where a searcher more would hold a copy of the index. */
export function callerDesk(parts: CallerSearcherParts): CallerDesk | undefined {
  const { system, settings, thread, address, workers, supervisor } = parts;
  if (settings.index.engine === "hnswlib") return undefined;
  const searcher = system.ref(address);
  return new CallerDesk({
    clock: system.clock,
    thread,
    dimension: settings.dimension,
    searcher,
    workers,
    start: async () => {
      await supervisor().startChild(specOf(parts));
    },
  });
}

function specOf({ address, module, args, shard }: CallerSearcherParts): ChildSpec {
  return {
    name: address.name,
    start: {
      module,
      args: { ...args, slot: rowSlots.caller },
      attachments: () => shard().sharedWithSearcher("caller"),
    },
  };
}
