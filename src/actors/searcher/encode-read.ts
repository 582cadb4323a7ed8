/** The answer to a read as a body. */
import { encodeAnswer, encodeRawAnswer } from "../../protocol/index.js";
import type { BodyFormat } from "../../protocol/index.js";
import type { ReadAnswer } from "./messages.js";

/** At the start of `memory` when that is given and large enough, otherwise in memory of its own. */
export function encodeRead(format: BodyFormat, answer: ReadAnswer, memory?: Buffer): Uint8Array {
  if (answer.operation !== "count") return encodeRawAnswer(format, answer, memory);
  return encodeAnswer(format, { count: answer.count });
}
