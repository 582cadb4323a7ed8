/** Streams for those above who make or offer one: this folder is the only one that knows rxjs. */
import { Observable, type Subscriber } from "rxjs";

export type { Observable, Subscriber };

/** A stream that does `subscribe` for each subscriber, and what that returned when it leaves. */
export function observe<Value>(
  subscribe: (subscriber: Subscriber<Value>) => () => void,
): Observable<Value> {
  return new Observable(subscribe);
}
