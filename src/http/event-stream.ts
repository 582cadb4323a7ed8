/**
 * `GET /v1/events`: the node's events as server-sent events (HTML standard, 9.2). Each is one `data:`
 * line of JSON with at least `type` and `time_ms`; `?type=a,b` lets through only those types.
 *
 * The stream promises no event twice and none out of order, but not every one: a client that falls
 * further behind than its buffer is told so by a last event, `stream_dropped`, and cut off, since the
 * node must not remember for it. Clients come back by themselves.
 */
import { DvespError } from "../base/index.js";
import type { Timer } from "../base/index.js";
import type { EventSink } from "./event-hub.js";
import type { Exchange } from "./exchange.js";

/** Ends that the stream itself announces, in its last event. */
type Farewell = "stream_dropped" | "stream_closing";

/** Opens the stream and returns at once. Errors: `OVERLOADED` when too many are open. */
export function streamEvents(exchange: Exchange): void {
  const { events, limits } = exchange.context;
  if (events.size >= limits.eventClientsMax) {
    const message = `${limits.eventClientsMax} clients follow the events already`;
    throw new DvespError("OVERLOADED", message, { retry_after_ms: limits.heartbeatMs });
  }
  new EventStream(exchange).open();
}

class EventStream implements EventSink {
  readonly #exchange: Exchange;
  readonly #types: ReadonlySet<string>;
  #heartbeat: Timer | undefined;
  #leave: (() => void) | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    const asked = exchange.query.getAll("type").flatMap((list) => list.split(","));
    this.#types = new Set(asked.filter((type) => type !== ""));
  }

  open(): void {
    const { response, context, requestId } = this.#exchange;
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // Asks buffering proxies to pass each event on at once.
      "x-accel-buffering": "no",
      "x-request-id": requestId,
    });
    response.write(": events of this node\n\n");
    this.#leave = context.events.join(this);
    this.#armHeartbeat();
    this.#exchange.onAnswerEnd(() => this.#stop());
  }

  event(type: string, json: string): void {
    if (this.#types.size > 0 && !this.#types.has(type)) return;
    if (this.#isBehind()) this.#end("stream_dropped");
    else this.#write(`data: ${json}\n\n`);
  }

  close(): void {
    this.#end("stream_closing");
  }

  #isBehind(): boolean {
    const { response, context } = this.#exchange;
    return response.writableLength > context.limits.eventBufferBytesMax;
  }

  #write(text: string): void {
    this.#exchange.response.write(text);
    this.#armHeartbeat();
  }

  /** A comment after silence: it keeps proxies from closing, and finds out dead connections. */
  #armHeartbeat(): void {
    const { clock, limits } = this.#exchange.context;
    this.#heartbeat?.cancel();
    this.#heartbeat = clock.after(limits.heartbeatMs, () => {
      if (this.#isBehind()) this.#end("stream_dropped");
      else this.#write(": heartbeat\n\n");
    });
  }

  /** The last event goes out behind what is buffered; a client that never reads it is cut. */
  #end(type: Farewell): void {
    const { response, context } = this.#exchange;
    this.#stop();
    response.end(`data: ${JSON.stringify({ type, time_ms: context.clock.now() })}\n\n`);
    const cut = context.clock.after(context.limits.lingerMs, () => response.destroy());
    this.#exchange.onAnswerEnd(() => cut.cancel());
  }

  #stop(): void {
    this.#heartbeat?.cancel();
    this.#leave?.();
    this.#leave = undefined;
  }
}
