/**
 * Whom the replica and the index builder tell what all of a collection's threads must know. An actor
 * of its own: what it does must not wait behind operations, which may wait for it.
 */
import { invalid } from "../../base/index.js";
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import { defineActor } from "../../runtime/index.js";
import type { AnyDefinition } from "../../runtime/index.js";
import type { Collection } from "./collection.js";

export type ExchangeMessage =
  /** attachments[0]: the handle of shared rows that have grown. Answered when all readers have it. */
  | { readonly type: "rows_extended" }
  /** attachments[0]: what the builder published. Answered when the searchers use it. */
  | { readonly type: "published" };

export function exchangeActor(collection: Collection): AnyDefinition {
  return defineActor<unknown, ExchangeMessage>({
    // The two kinds do not wait for each other.
    concurrency: 2,
    start: () => ({
      receive({ type }, { attachments }): Promise<void> {
        const [attachment] = attachments;
        if (attachment === undefined) throw invalid("nothing is attached");
        return type === "published"
          ? collection.publishIndex(attachment as IndexPublication)
          : collection.extendRows(attachment as SharedRowsHandle);
      },
    }),
  });
}
