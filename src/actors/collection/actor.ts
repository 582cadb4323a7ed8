/** The collection as an actor of the main thread: its name in the actor API. */
import { isPlainObject, normalise, rowOperations } from "../../protocol/index.js";
import type { RowOperation } from "../../protocol/index.js";
import { defineActor } from "../../runtime/index.js";
import type { AnyDefinition } from "../../runtime/index.js";
import { invalid, limits } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import type { Collection } from "./collection.js";
import { execute } from "./typed-operations.js";
import type { Answers } from "./typed-operations.js";
import type {
  CountRequest,
  DeleteRequest,
  GetRequest,
  InsertRequest,
  ScrollRequest,
  SearchBatchRequest,
  SearchRequest,
  UpdateRequest,
} from "../../protocol/index.js";

interface Requests {
  insert: InsertRequest;
  update: UpdateRequest;
  delete: DeleteRequest;
  search: SearchRequest;
  search_batch: SearchBatchRequest;
  get: GetRequest;
  scroll: ScrollRequest;
  count: CountRequest;
}

/** An operation on the collection, without naming it: `{ type: "search", query_vector, … }`. */
export type CollectionMessage = {
  [Operation in RowOperation]: { readonly type: Operation } & Omit<
    Requests[Operation],
    "collection"
  >;
}[RowOperation];

/** The answer to each message. */
export type CollectionAnswer<Message extends CollectionMessage> = Answers[Message["type"]];

const operationsAtOnce = 1024;
const operations: ReadonlySet<string> = new Set(rowOperations);

export function collectionActor(
  collection: Collection,
  clock: Clock,
  random: Random,
): AnyDefinition {
  const name = collection.settings.collection;
  const here = () => Promise.resolve(collection);
  return defineActor<unknown, CollectionMessage>({
    concurrency: operationsAtOnce,
    start() {
      const undecided = collection.undecidedBatches();
      undecided.start();
      return {
        receive(message: unknown, { deadline_ms }): unknown {
          const { type, ...request } = checkMessage(message);
          const timeout_ms = remaining(deadline_ms, clock);
          const checked = normalise(type, { ...timeout_ms, ...request, collection: name });
          return execute(checked, { forRead: here, forWrite: here }, random);
        },
        stop: () => undecided.stop(),
      };
    },
  });
}

function checkMessage(message: unknown): CollectionMessage {
  const type = isPlainObject(message) ? message["type"] : undefined;
  if (typeof type === "string" && operations.has(type)) return message as CollectionMessage;
  throw invalid("must be an operation on rows", "type");
}

/** An operation that says nothing of its own takes as long as its asker waits. */
function remaining(deadlineMs: number | undefined, clock: Clock): { timeout_ms?: number } {
  if (deadlineMs === undefined) return {};
  const left = Math.floor(deadlineMs - clock.monotonic());
  return { timeout_ms: Math.min(limits.timeoutMsMax, Math.max(1, left)) };
}
