/**
 * Decodes and checks the bodies of writes and large ones of reads, and encodes long answers, so that
 * the main thread need not. Keeps nothing between messages.
 */
import { unreachable } from "../../base/index.js";
import { moved } from "../../mailbox/index.js";
import { encodeAnswer, normaliseBody } from "../../protocol/index.js";
import type { BodyFormat } from "../../protocol/index.js";
import { defineActor } from "../../runtime/index.js";
import { prepareWrite } from "../collection/prepared-write.js";
import type { PreparedWrite } from "../collection/prepared-write.js";
import { writeAnswer } from "../collection/write-answer.js";
import type { WriteResult } from "../collection/write-answer.js";
import type { EncodedRead } from "../reads/local-reads.js";
import { encodeRead } from "../searcher/encode-read.js";
import type { NormalRead, ReadAnswer } from "../searcher/messages.js";

export type WriteOperation = "insert" | "update" | "delete";

export type GatewayMessage =
  /** Answered by a `PreparedWrite`. */
  | {
      readonly type: "prepare";
      readonly operation: WriteOperation;
      readonly collection: string;
      readonly format: BodyFormat;
      readonly body: Uint8Array;
    }
  /** Answered by a `NormalRead`. */
  | { readonly type: "decode"; readonly request: EncodedRead }
  /** Answered by the encoded answer to a read. */
  | { readonly type: "encode_read"; readonly format: BodyFormat; readonly answer: ReadAnswer }
  /** Answered by the encoded `WriteAnswer`. */
  | { readonly type: "encode"; readonly format: BodyFormat; readonly result: WriteResult };

export default defineActor<undefined, GatewayMessage>({
  start: ({ random }) => ({
    receive(message: GatewayMessage): PreparedWrite | NormalRead | Uint8Array {
      switch (message.type) {
        case "prepare": {
          const { operation, collection, format, body } = message;
          const prepared = prepareWrite(normaliseBody(operation, collection, format, body), random);
          return moveVectors(prepared);
        }
        case "decode":
          return decodeRead(message.request);
        case "encode_read":
          return moved(encodeRead(message.format, message.answer));
        case "encode":
          return moved(encodeAnswer(message.format, writeAnswer(message.result)));
        default:
          return unreachable(message);
      }
    },
  }),
});

export function decodeRead({ operation, collection, format, body }: EncodedRead): NormalRead {
  return normaliseBody(operation, collection, format, body);
}

function moveVectors(prepared: PreparedWrite): PreparedWrite {
  const { write } = prepared;
  if (write.kind !== "delete" && write.vectors) moved(write.vectors);
  return prepared;
}
