/**
 * The encoded answers to the parts of a batch, as one answer to the whole: the bytes of all their
 * answers, one after the other, behind a head that counts them. Nothing is decoded but the heads.
 */
import { assert } from "../base/index.js";
import { msgpackBody } from "./encode-answer.js";
import { MsgpackCursor, Token } from "./msgpack-cursor.js";
import type { BodyFormat } from "./vector-store.js";

const jsonHead = Buffer.from('{"answers":[');
const jsonTail = Buffer.from("]}");
const comma = Buffer.from(",");

/** Bodies of `search_batch` answers, in order, to one body in memory of exactly its size. */
export function joinBatchAnswers(format: BodyFormat, bodies: readonly Uint8Array[]): Uint8Array {
  return format === "json" ? joinJson(bodies) : joinMsgpack(bodies);
}

function joinJson(bodies: readonly Uint8Array[]): Uint8Array {
  const lists = bodies
    .map((body) => body.subarray(jsonHead.length, body.length - jsonTail.length))
    .filter((list) => list.length > 0);
  const joined = lists.flatMap((list, index) => (index === 0 ? [list] : [comma, list]));
  return exact(Buffer.concat([jsonHead, ...joined, jsonTail]));
}

function joinMsgpack(bodies: readonly Uint8Array[]): Uint8Array {
  let count = 0;
  const lists = bodies.map((body) => {
    const cursor = new MsgpackCursor(body);
    const isMap = cursor.next() === Token.map && cursor.key() === "answers";
    assert(isMap && cursor.next() === Token.array, "the answer to a batch");
    count += cursor.value;
    return body.subarray(cursor.at);
  });
  return msgpackBody((writer) => {
    writer.mapHeader(1);
    writer.string("answers");
    writer.arrayHeader(count);
    for (const list of lists) writer.raw(list);
  });
}

/** `Buffer.concat` may answer a view of a larger buffer. */
function exact(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}
