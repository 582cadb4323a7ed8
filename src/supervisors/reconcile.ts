/**
 * Brings what is in line with what should be: whenever something has changed, and now and then, the
 * next step is decided from how things stand, carried out, and after a rest the next one, until there
 * is none. A step that failed is no reason to stop: it is decided anew the next time.
 */
import {
  EMPTY,
  type Observable,
  audit,
  catchError,
  defer,
  exhaustMap,
  expand,
  from,
  ignoreElements,
  merge,
  of,
  switchMap,
} from "rxjs";
import type { Clock } from "../base/index.js";
import { after, every } from "./timers.js";

export interface ReconcileOptions<Step> {
  /** Says that something has changed; what, does not matter. */
  readonly changes$: Observable<unknown>;
  readonly clock: Clock;
  /** From how things stand now. */
  readonly decide: () => Step | undefined;
  readonly perform: (step: Step) => Promise<unknown>;
  readonly onFailure: (step: Step, error: unknown) => void;
  /** Changes within this time are looked at once. */
  readonly settleMs: number;
  /** Between two steps. */
  readonly restMs: number;
  /** Without any change it is looked so often. */
  readonly lookMs: number;
}

/** Until `changes$` ends, or the returned function is called. */
export function reconcile<Step>(options: ReconcileOptions<Step>): () => void {
  const { changes$, clock, settleMs, lookMs } = options;
  const subscription = merge(changes$, every(clock, lookMs))
    .pipe(
      audit(() => after(clock, settleMs)),
      exhaustMap(() => settle(options)),
    )
    .subscribe();
  return () => subscription.unsubscribe();
}

/** Steps until there is none, or one failed. */
function settle<Step>(options: ReconcileOptions<Step>): Observable<never> {
  const { clock, decide, perform, onFailure, restMs } = options;
  const next = (): Observable<unknown> => {
    const step = decide();
    if (step === undefined) return EMPTY;
    return defer(() => from(perform(step))).pipe(
      switchMap(() => after(clock, restMs)),
      catchError((error: unknown) => {
        onFailure(step, error);
        return EMPTY;
      }),
    );
  };
  return of(undefined).pipe(expand(next), ignoreElements());
}
