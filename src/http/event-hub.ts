/**
 * Spreads the node's events over the clients of the event stream. The node is listened to only while
 * there is a client, and each event is encoded once, however many there are.
 */
import { DvespError } from "../base/index.js";
import type { StoreEvent } from "../protocol/index.js";

/** Receives each event with its encoded form; must not throw. */
export interface EventSink {
  event(type: string, json: string): void;
  /** The hub ends: say goodbye. */
  close(): void;
}

export interface EventSource {
  subscribe(listener: (event: StoreEvent) => void): () => void;
  /** An event that is not JSON: a bug of whoever published it. */
  onUnreadable(error: DvespError): void;
}

export class EventHub {
  readonly #source: EventSource;
  readonly #sinks = new Set<EventSink>();
  #unsubscribe: (() => void) | undefined;

  constructor(source: EventSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#sinks.size;
  }

  /** Events flow to `sink` until the returned function is called. */
  join(sink: EventSink): () => void {
    this.#sinks.add(sink);
    this.#unsubscribe ??= this.#source.subscribe((event) => this.#spread(event));
    return () => this.#leave(sink);
  }

  close(): void {
    for (const sink of [...this.#sinks]) sink.close();
  }

  #leave(sink: EventSink): void {
    this.#sinks.delete(sink);
    if (this.#sinks.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #spread(event: StoreEvent): void {
    const json = this.#encode(event);
    if (json === undefined) return;
    for (const sink of [...this.#sinks]) sink.event(event.type, json);
  }

  #encode(event: StoreEvent): string | undefined {
    try {
      return JSON.stringify(event);
    } catch (cause) {
      const message = `event ${event.type} cannot be encoded: ${String(cause)}`;
      this.#source.onUnreadable(new DvespError("INTERNAL", message, { cause }));
      return undefined;
    }
  }
}
