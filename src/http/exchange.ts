/**
 * One request and its answer, whichever way it came in: through the fast lane or through Express,
 * whose objects are node's own. Every handler is written against this and nothing else, so both ways
 * end in the same function.
 *
 * Held to: every exchange is answered exactly once or cut; it is counted in at its start and out
 * when both its handler and its answer have ended; errors leave as problem+json, whatever `Accept`
 * said; nothing is written for a client that went away.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { present, toDvespError } from "../base/index.js";
import type { DvespError } from "../base/index.js";
import { problemOf } from "../protocol/index.js";
import type { BodyFormat } from "../protocol/index.js";
import type { ApiContext } from "./api-context.js";
import type { MemoryAccount } from "./body-collector.js";
import { answerFormat, bodyFormat, contentTypeOf, problemContentType } from "./media-type.js";
import { ClientGone, declaredBytes, readBody } from "./read-body.js";
import { requestIdOf } from "./request-id.js";

/** What one kind of request is, and what is done for it. */
export interface Endpoint {
  /** Pattern of the path, for metrics. */
  readonly route: string;
  /** Whether it needs no key. */
  readonly open: boolean;
  /** Whether it counts as work, and is refused when there is too much of it. */
  readonly admitted: boolean;
  readonly handle: (exchange: Exchange) => void | Promise<void>;
}

/** Headers of an answer, but for those that every answer has. */
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** Values of the path's parameters, decoded. */
export type PathParameters = Readonly<Record<string, string>>;

/** An unread rest up to this size is read away to keep the connection; past it, it is closed. */
const discardBytesMax = 1024 * 1024;

export class Exchange implements MemoryAccount {
  readonly context: ApiContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly parameters: PathParameters;
  readonly requestId: string;
  readonly #endpoint: Endpoint;
  readonly #startedMs: number;
  #heldBytes = 0;
  #admitted = false;
  #answered = false;
  readonly #afterAnswer: (() => void)[] = [];
  #answerEnded = false;
  /** The handler and the answer: both must end before the exchange has. */
  #partsOpen = 2;

  constructor(
    context: ApiContext,
    endpoint: Endpoint,
    wire: { readonly request: IncomingMessage; readonly response: ServerResponse },
    parameters: PathParameters = {},
  ) {
    this.context = context;
    this.request = wire.request;
    this.response = wire.response;
    this.parameters = parameters;
    this.requestId = requestIdOf(wire.request.headers["x-request-id"], context.random);
    this.#endpoint = endpoint;
    this.#startedMs = context.clock.monotonic();
    context.begin();
  }

  /** Sees the request through to its end; never rejects. */
  async run(): Promise<void> {
    this.#awaitAnswerEnd();
    // A client that vanishes makes the stream fail; `close` tells us all there is to know.
    this.response.on("error", () => undefined);
    try {
      this.context.checkHost(this.request.headers);
      if (!this.#endpoint.open) this.context.checkKey(this.request.headers);
      if (this.#endpoint.admitted) this.#enter();
      await this.#endpoint.handle(this);
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#partEnded();
  }

  /** The answer has ended when it was written, or when there is no connection left to write it to. */
  #awaitAnswerEnd(): void {
    const { response, request, context } = this;
    const end = (): void => {
      if (this.#answerEnded) return;
      this.#answerEnded = true;
      unwatch();
      for (const action of this.#afterAnswer) action();
      this.#partEnded();
    };
    const unwatch = context.connections.watch(request.socket, end);
    response.once("close", end);
    // Also emitted when the connection is cut with the answer still in its buffer.
    response.once("finish", () => (this.#answered = !request.socket.destroyed));
  }

  /** Calls `action` when the answer has ended, in whichever way; at once if it has already. */
  onAnswerEnd(action: () => void): void {
    if (this.#answerEnded) action();
    else this.#afterAnswer.push(action);
  }

  get query(): URLSearchParams {
    return new URLSearchParams(/\?(.*)$/s.exec(this.request.url ?? "")?.[1] ?? "");
  }

  parameter(name: string): string {
    return present(this.parameters[name], `parameter ${name} of ${this.#endpoint.route}`);
  }

  /** Errors: `INVALID_ARGUMENT` for a `Content-Type` that is not ours. */
  bodyFormat(): BodyFormat {
    return bodyFormat(this.request.headers["content-type"]);
  }

  /** Errors: `INVALID_ARGUMENT` for an `Accept` that fits no encoding of ours. */
  answerFormat(preferred: BodyFormat): BodyFormat {
    return answerFormat(this.request.headers.accept, preferred);
  }

  /** The whole body; see `readBody` for its errors. */
  body(): Promise<Uint8Array<ArrayBuffer>> {
    return readBody(this.request, { bytesMax: this.context.limits.bodyBytesMax, account: this });
  }

  hold(bytes: number): void {
    this.context.admission.hold(bytes);
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    this.context.admission.release(bytes);
    this.#heldBytes -= bytes;
  }

  /** Answers with an encoded body of the contract. */
  answer(format: BodyFormat, body: Uint8Array): void {
    this.send(200, { "content-type": contentTypeOf[format] }, body);
  }

  /** Answers; the headers that every answer has are added here. */
  send(status: number, headers: AnswerHeaders, body: Uint8Array | string = ""): void {
    if (this.response.destroyed || this.request.socket.destroyed) return;
    const content = typeof body === "string" ? Buffer.from(body) : body;
    const lingers = this.#unreadBytes() > discardBytesMax;
    this.#holdAnswer(content.byteLength);
    this.response.writeHead(status, {
      "x-request-id": this.requestId,
      ...(status === 204 ? {} : { "content-length": content.byteLength }),
      ...(lingers || this.context.closing ? { connection: "close" } : {}),
      ...headers,
    });
    if (lingers) this.#lingerWith(content);
    else this.response.end(content);
  }

  /** Answers with a problem; `status` overrides the one that belongs to the error's code. */
  refuse(error: DvespError, headers: AnswerHeaders = {}, status?: number): void {
    const problem = { ...problemOf(error, this.requestId), ...(status ? { status } : {}) };
    const retryAfterMs = error.retry_after_ms;
    this.send(
      problem.status,
      {
        "content-type": problemContentType,
        ...(retryAfterMs === undefined ? {} : { "retry-after": Math.ceil(retryAfterMs / 1000) }),
        ...(error.code === "UNAUTHENTICATED" ? { "www-authenticate": "Bearer" } : {}),
        ...headers,
      },
      JSON.stringify(problem),
    );
  }

  #enter(): void {
    this.context.admission.enter();
    this.#admitted = true;
  }

  #holdAnswer(bytes: number): void {
    this.context.admission.holdAnswer(bytes);
    this.#heldBytes += bytes;
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof ClientGone) return;
    const error = toDvespError(thrown);
    if (error.code === "INTERNAL") this.context.onError(error, this.requestId);
    // Too late for a status: a cut connection is the only honest sign that the answer is not whole.
    if (this.response.headersSent) this.response.destroy();
    else this.refuse(error);
  }

  /** Bytes of the body that nobody has taken off the wire yet; unknown counts as many. */
  #unreadBytes(): number {
    if (this.request.complete) return 0;
    return declaredBytes(this.request) ?? Infinity;
  }

  /**
   * Sends the whole answer but keeps the connection open while the client still sends, for a time: a
   * close with unread bytes becomes a reset, which would destroy the answer before it is read.
   */
  #lingerWith(content: Uint8Array): void {
    const { request, response } = this;
    response.write(content);
    const timer = this.context.clock.after(this.context.limits.lingerMs, () => response.end());
    request.once("end", () => response.end());
    this.onAnswerEnd(() => timer.cancel());
    request.unpipe();
    request.resume();
  }

  #partEnded(): void {
    if (--this.#partsOpen > 0) return;
    const { context, request, response } = this;
    context.admission.release(this.#heldBytes);
    this.#heldBytes = 0;
    if (this.#admitted) context.admission.leave();
    context.observe({
      route: this.#endpoint.route,
      method: request.method ?? "",
      status: this.#answered ? response.statusCode : 499,
      seconds: (context.clock.monotonic() - this.#startedMs) / 1000,
    });
    context.end();
  }
}
