/**
 * The one stream of what happens in a process: runtime, supervisors, indexes, writes. Whoever wants
 * to know (logs, the event endpoint, rules that react) subscribes; publishing never waits.
 */
import { type Observable, Subject } from "rxjs";

export interface BusEvent {
  readonly type: string;
  /** Wall time. */
  readonly time_ms: number;
  readonly [detail: string]: unknown;
}

export class EventBus<Event extends BusEvent = BusEvent> {
  readonly #subject = new Subject<Event>();
  /** Every event from now on; completes when the bus is closed. */
  readonly events$: Observable<Event> = this.#subject.asObservable();

  /** Hands `event` to all subscribers, in order of publication; nothing after `close`. */
  readonly publish = (event: Event): void => {
    this.#subject.next(event);
  };

  /** Calls `listener` at each event until the returned function is called. */
  listen(listener: (event: Event) => void): () => void {
    const subscription = this.#subject.subscribe(listener);
    return () => subscription.unsubscribe();
  }

  close(): void {
    this.#subject.complete();
  }
}
