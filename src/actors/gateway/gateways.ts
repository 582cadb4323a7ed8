/** The gateways of a node, as one: work goes to the least busy of them. */
import { limits } from "../../base/index.js";
import { moved } from "../../mailbox/index.js";
import { encodeAnswer } from "../../protocol/index.js";
import type { BodyFormat, EncodedRequest } from "../../protocol/index.js";
import { copiedBytesMax } from "../collection/prepared-write.js";
import type { PreparedWrite } from "../collection/prepared-write.js";
import { writeAnswer } from "../collection/write-answer.js";
import type { WriteResult } from "../collection/write-answer.js";
import type { WorkerPool } from "../worker-pool.js";
import type { GatewayMessage, WriteOperation } from "./actor.js";

/** Answers with more ids than this are not encoded on the main thread. */
const idsHereMax = 256;
const encodeMs = 30_000;

export class Gateways {
  readonly #pool: WorkerPool;

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  /** Decodes and checks the body of a write. Errors: `INVALID_ARGUMENT`, `TOO_LARGE`, `OVERLOADED`. */
  prepare(operation: WriteOperation, request: EncodedRequest): Promise<PreparedWrite> {
    const { collection, format, body } = request;
    const message: GatewayMessage = { type: "prepare", operation, collection, format, body };
    if (body.length <= copiedBytesMax) return this.#pool.ask(message, limits.timeoutMsMax);
    moved(body);
    return this.#pool.askOnce(message, limits.timeoutMsMax);
  }

  async encode(format: BodyFormat, result: WriteResult): Promise<Uint8Array> {
    const ids = (result.outcome?.ids.length ?? 0) / 16;
    if (ids <= idsHereMax) return encodeAnswer(format, writeAnswer(result));
    const message: GatewayMessage = { type: "encode", format, result };
    return this.#pool.ask<Uint8Array>(message, encodeMs);
  }
}

/** Where hosts load the gateway actor from. */
export const gatewayModule = new URL("./actor.js", import.meta.url).href;
