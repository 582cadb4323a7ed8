/** The gateways of a node, as one: work goes to the least busy of them. */
import { limits } from "../../base/index.js";
import type { Random } from "../../base/index.js";
import { moved } from "../../mailbox/index.js";
import { encodeAnswer, normaliseBody } from "../../protocol/index.js";
import type { BodyFormat, EncodedRequest } from "../../protocol/index.js";
import { copiedBytesMax, prepareWrite } from "../collection/prepared-write.js";
import type { PreparedWrite } from "../collection/prepared-write.js";
import { writeAnswer } from "../collection/write-answer.js";
import type { WriteResult } from "../collection/write-answer.js";
import type { EncodedRead } from "../reads/local-reads.js";
import type { ReadCodec } from "../reads/read-coordinator.js";
import { encodeRead } from "../searcher/encode-read.js";
import type { NormalRead, ReadAnswer } from "../searcher/messages.js";
import type { WorkerPool } from "../worker-pool.js";
import { decodeRead } from "./actor.js";
import type { GatewayMessage, WriteOperation } from "./actor.js";

/** Answers with more ids than this are not encoded on the main thread. */
const idsHereMax = 256;
const encodeMs = 30_000;
/** Larger bodies of reads are not decoded on the main thread. */
const bodyBytesHere = 64 * 1024;
/** The same of writes: a row or two. Components in JSON take longer. */
const writeBytesHere = { msgpack: 16 * 1024, json: 2 * 1024 };
/** Larger answers to reads are not encoded on the main thread; JSON takes longer. */
const answerBytesHere = { msgpack: 512 * 1024, json: 16 * 1024 };

export class Gateways implements ReadCodec {
  readonly #pool: WorkerPool;
  readonly #random: Random;

  constructor(pool: WorkerPool, random: Random) {
    this.#pool = pool;
    this.#random = random;
  }

  /** Decodes and checks the body of a write. Errors: `INVALID_ARGUMENT`, `TOO_LARGE`, `OVERLOADED`. */
  async prepare(operation: WriteOperation, request: EncodedRequest): Promise<PreparedWrite> {
    const { collection, format, body } = request;
    if (body.length <= writeBytesHere[format]) {
      return prepareWrite(normaliseBody(operation, collection, format, body), this.#random);
    }
    const message: GatewayMessage = { type: "prepare", operation, collection, format, body };
    if (body.length <= copiedBytesMax) return this.#pool.ask(message, limits.timeoutMsMax);
    moved(body);
    return this.#pool.askOnce(message, limits.timeoutMsMax);
  }

  /** Decodes and checks the body of a read. Errors: `INVALID_ARGUMENT`, `TOO_LARGE`. */
  async decode(request: EncodedRead): Promise<NormalRead> {
    if (request.body.length <= bodyBytesHere) return decodeRead(request);
    const message: GatewayMessage = { type: "decode", request };
    return this.#pool.ask<NormalRead>(message, limits.timeoutMsMax);
  }

  async encode(format: BodyFormat, answer: ReadAnswer): Promise<Uint8Array> {
    if (answerBytes(answer) <= answerBytesHere[format]) return encodeRead(format, answer);
    const message: GatewayMessage = { type: "encode_read", format, answer };
    return this.#pool.ask<Uint8Array>(message, encodeMs);
  }

  async encodeWrite(format: BodyFormat, result: WriteResult): Promise<Uint8Array> {
    const ids = (result.end?.ids.length ?? 0) / 16;
    if (ids <= idsHereMax) return encodeAnswer(format, writeAnswer(result));
    const message: GatewayMessage = { type: "encode", format, result };
    return this.#pool.ask<Uint8Array>(message, encodeMs);
  }
}

function answerBytes(answer: ReadAnswer): number {
  if (answer.operation === "count") return 0;
  const rows =
    answer.operation === "search_batch" ? answer.answers.flatMap((one) => one.rows) : answer.rows;
  return rows.reduce(
    (sum, { vector, metadata }) => sum + (vector?.byteLength ?? 0) + (metadata?.length ?? 0),
    0,
  );
}

/** Where hosts load the gateway actor from. */
export const gatewayModule = new URL("./actor.js", import.meta.url).href;
