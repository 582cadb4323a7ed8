/** Observables of a clock that is an argument. */
import { Observable } from "rxjs";
import type { Clock, Timer } from "../base/index.js";

/** One value after a time. */
export function after(clock: Clock, delayMs: number): Observable<number> {
  return new Observable((subscriber) => {
    const timer = clock.after(delayMs, () => {
      subscriber.next(delayMs);
      subscriber.complete();
    });
    return () => timer.cancel();
  });
}

/** A value again and again, the first one after a time. */
export function every(clock: Clock, delayMs: number): Observable<number> {
  return new Observable((subscriber) => {
    let timer: Timer | undefined;
    const next = (): void => {
      timer = clock.after(delayMs, () => {
        next();
        subscriber.next(delayMs);
      });
    };
    next();
    return () => timer?.cancel();
  });
}
