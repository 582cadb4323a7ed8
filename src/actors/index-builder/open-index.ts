/** Opens the index that a builder is to fill, with the threads that help it and the events it tells. */
import { toDvespError } from "../../base/index.js";
import { openBuilder } from "../../index/index.js";
import type {
  BuildHelpers,
  IndexBuilder,
  IndexEvent,
  IndexSpec,
  IndexedCollection,
  RunTask,
  SharedRows,
} from "../../index/index.js";
import type { ActorContext, Address } from "../../runtime/index.js";
import { rowSlots } from "../row-slots.js";
import type { BuiltIndex } from "./list-rebalance.js";

export interface IndexBuilderArgs {
  readonly collection: string;
  readonly shard: number;
  readonly directory: string;
  readonly index: IndexedCollection;
  /** Threads that may help to build, at most `helpersMax`. */
  readonly helpers: number;
  /** Told of each publication. */
  readonly owner: Address;
}

export interface OpenIndex {
  readonly spec: IndexSpec;
  readonly builder: IndexBuilder;
}

/** Opens the index of that kind: from its newest snapshot, otherwise empty. */
export async function openIndex(
  context: ActorContext,
  args: IndexBuilderArgs,
  spec: IndexSpec,
  rows: SharedRows,
): Promise<OpenIndex> {
  const { directory } = args;
  const helpers = helpersOf(context, args);
  const { tasks, random } = context;
  const { disk } = context.storage;
  const runTask: RunTask | undefined =
    tasks && ((module, exportName, given) => tasks.run(module, exportName, given));
  const onEvent = (event: IndexEvent): void => context.emit({ ...event, ...nameOf(args) });
  const options = { spec, rows, directory, disk, random, helpers, runTask, onEvent };
  const builder = await openBuilder(options);
  return { spec, builder };
}

/** Threads of the host that help to build; the loss of one is an event, and nothing else. */
function helpersOf(context: ActorContext, args: IndexBuilderArgs): BuildHelpers | undefined {
  const { tasks } = context;
  const { helpers: count } = args;
  if (!tasks || count === 0) return undefined;
  return {
    count,
    firstSlot: rowSlots.firstHelper,
    run: (module, exportName, given) =>
      tasks.run(module, exportName, given).catch((error: unknown) => {
        const plain = toDvespError(error).toPlain();
        context.emit({ type: "index_helper_lost", ...nameOf(args), error: plain });
        throw error;
      }),
  };
}

/** How its events name an index. */
export function nameOf({ collection, shard, index }: IndexBuilderArgs): BuiltIndex {
  return { collection, shard, distance_metric: index.metric };
}
