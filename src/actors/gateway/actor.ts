/**
 * Decodes and checks the bodies of writes, and encodes long answers, so that the main thread need
 * not. Keeps nothing between messages.
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
  /** Answered by the encoded `WriteAnswer`. */
  | { readonly type: "encode"; readonly format: BodyFormat; readonly result: WriteResult };

export default defineActor<undefined, GatewayMessage>({
  start: ({ random }) => ({
    receive(message: GatewayMessage): PreparedWrite | Uint8Array {
      switch (message.type) {
        case "prepare": {
          const { operation, collection, format, body } = message;
          const prepared = prepareWrite(normaliseBody(operation, collection, format, body), random);
          return moveVectors(prepared);
        }
        case "encode":
          return moved(encodeAnswer(message.format, writeAnswer(message.result)));
        default:
          return unreachable(message);
      }
    },
  }),
});

function moveVectors(prepared: PreparedWrite): PreparedWrite {
  const { write } = prepared;
  if (write.kind !== "delete" && write.vectors) moved(write.vectors);
  return prepared;
}
