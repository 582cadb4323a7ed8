/**
 * Whom the replica and the index builders tell what all of a shard's threads must know, and the
 * searchers what they are asked. An actor of its own: what it does must not wait behind operations,
 * which may wait for it.
 */
import { invalid, unreachable } from "../../base/index.js";
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import { defineActor } from "../../runtime/index.js";
import type { AnyDefinition } from "../../runtime/index.js";
import type { MetricSearches } from "./metric-demand.js";
import type { MetricIndexes } from "./metric-indexes.js";
import type { Shard } from "./shard.js";

export type ExchangeMessage =
  /** attachments[0]: the handle of shared rows that have grown. Answered when all readers have it. */
  | { readonly type: "rows_extended" }
  /** attachments[0]: what the builder published. Answered when the searchers use it. */
  | { readonly type: "published" }
  /** attachments[0]: what the payload builder published. Answered when all who filter use it. */
  | { readonly type: "payload_published" }
  /** What a searcher was asked since its last report. */
  | { readonly type: "metrics_asked"; readonly asked: readonly MetricSearches[] };

export function exchangeActor(shard: Shard, indexes: MetricIndexes): AnyDefinition {
  return defineActor<unknown, ExchangeMessage>({
    // The kinds do not wait for each other.
    concurrency: 8,
    start: () => {
      indexes.watch();
      return {
        receive: (message, { attachments }) => receive(shard, indexes, message, attachments[0]),
        stop: () => indexes.rest(),
      };
    },
  });
}

function receive(
  shard: Shard,
  indexes: MetricIndexes,
  message: ExchangeMessage,
  attachment: unknown,
): Promise<void> | void {
  switch (message.type) {
    case "published":
      return shard.publishIndex(attached(attachment) as IndexPublication);
    case "payload_published":
      return shard.publishPayload(attached(attachment) as PayloadPublication);
    case "rows_extended":
      return shard.extendRows(attached(attachment) as SharedRowsHandle);
    case "metrics_asked": {
      indexes.note(message.asked);
      return;
    }
    default:
      return unreachable(message);
  }
}

function attached(attachment: unknown): unknown {
  if (attachment === undefined) throw invalid("nothing is attached");
  return attachment;
}
