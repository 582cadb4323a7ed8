/**
 * The operations on rows: the hot ones. Their bodies pass through undecoded, from the socket to
 * whoever executes them and back; this thread reads nothing but the headers.
 */
import type { BodyFormat, RowOperation } from "../protocol/index.js";
import type { Exchange } from "./exchange.js";

/** What a request without a body asks: the operation with all of its defaults. */
const emptyRequest: Readonly<Record<BodyFormat, readonly number[]>> = {
  json: [0x7b, 0x7d],
  msgpack: [0x80],
};

export function executeRows(operation: RowOperation): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    const format = exchange.bodyFormat();
    const accept = exchange.answerFormat(format);
    const body = await exchange.body();
    const answer = await exchange.context.service.encoded.execute({
      operation,
      collection: exchange.parameter("collection"),
      body: body.length > 0 ? body : Uint8Array.from(emptyRequest[format]),
      format,
      accept,
    });
    exchange.onAnswerEnd(answer.release);
    exchange.answer(accept, answer.body);
  };
}
