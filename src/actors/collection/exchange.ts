/**
 * Whom the replica and the index builder tell what all of a collection's threads must know. An actor
 * of its own: what it does must not wait behind operations, which may wait for it.
 */
import { invalid, unreachable } from "../../base/index.js";
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import { defineActor } from "../../runtime/index.js";
import type { AnyDefinition } from "../../runtime/index.js";
import type { Collection } from "./collection.js";

export type ExchangeMessage =
  /** attachments[0]: the handle of shared rows that have grown. Answered when all readers have it. */
  | { readonly type: "rows_extended" }
  /** attachments[0]: what the builder published. Answered when the searchers use it. */
  | { readonly type: "published" }
  /** attachments[0]: what the payload builder published. Answered when all who filter use it. */
  | { readonly type: "payload_published" };

export function exchangeActor(collection: Collection): AnyDefinition {
  return defineActor<unknown, ExchangeMessage>({
    // The kinds do not wait for each other.
    concurrency: 3,
    start: () => ({
      receive({ type }, { attachments }): Promise<void> {
        const [attachment] = attachments;
        if (attachment === undefined) throw invalid("nothing is attached");
        switch (type) {
          case "published":
            return collection.publishIndex(attachment as IndexPublication);
          case "payload_published":
            return collection.publishPayload(attachment as PayloadPublication);
          case "rows_extended":
            return collection.extendRows(attachment as SharedRowsHandle);
          default:
            return unreachable(type);
        }
      },
    }),
  });
}
