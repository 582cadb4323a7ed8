/**
 * The collection as an actor of the main thread: its name in the actor API, and whom its replica and
 * its index builder tell what they have to share.
 */
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import { normalise, rowOperations } from "../../protocol/index.js";
import type { RowOperation } from "../../protocol/index.js";
import { defineActor } from "../../runtime/index.js";
import type { AnyDefinition, Envelope } from "../../runtime/index.js";
import { invalid } from "../../base/index.js";
import type { Random } from "../../base/index.js";
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

type InternalMessage =
  /** attachments[0]: the handle of shared rows that have grown. */
  | { readonly type: "rows_extended" }
  /** attachments[0]: what the builder published. */
  | { readonly type: "published" };

const operationsAtOnce = 1024;
const operations: ReadonlySet<string> = new Set(rowOperations);

export function collectionActor(collection: Collection, random: Random): AnyDefinition {
  const name = collection.settings.collection;
  const here = () => Promise.resolve(collection);
  return defineActor<unknown, CollectionMessage | InternalMessage>({
    concurrency: operationsAtOnce,
    start: () => ({
      receive(message, envelope: Envelope): unknown {
        const [attachment] = envelope.attachments;
        switch (message.type) {
          case "rows_extended":
            return collection.extendRows(attachment as SharedRowsHandle);
          case "published":
            return collection.publishIndex(attachment as IndexPublication);
          default: {
            if (!operations.has(message.type)) throw invalid("no such message", "type");
            const { type, ...request } = message;
            const checked = normalise(type, { ...request, collection: name });
            return execute(checked, { forRead: here, forWrite: here }, random);
          }
        }
      },
    }),
  });
}
