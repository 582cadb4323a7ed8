/**
 * Which rebalancing an index of lists gets, and when: facts about lists come as events, and a stream
 * per index turns them into commands, one at a time, with a rest after each. A command that failed is
 * no reason to stop: the next facts are looked at anew.
 */
import {
  EMPTY,
  type Observable,
  audit,
  catchError,
  defer,
  exhaustMap,
  expand,
  filter,
  from,
  groupBy,
  ignoreElements,
  map,
  mergeMap,
  switchMap,
} from "rxjs";
import type { Clock } from "../base/index.js";
import type { ListFacts, Metric, RebalanceStep } from "../index/index.js";
import type { BusEvent } from "./event-bus.js";
import { decideRebalance } from "./decide-rebalance.js";
import { after } from "./timers.js";

/** A shard has at most one index by each metric. */
export interface IndexName {
  readonly collection: string;
  readonly shard: number;
  readonly distance_metric: Metric;
}

export interface RebalancerOptions {
  readonly events$: Observable<BusEvent>;
  readonly clock: Clock;
  /** Has an index do one step; what its lists are like afterwards. */
  readonly command: (index: IndexName, step: RebalanceStep) => Promise<ListFacts>;
}

/** Facts that come within this time are looked at once, the newest of them. */
const settleMs = 250;
/** Rest between two steps of one index. */
const restMs = 100;

interface ListEvent extends BusEvent, ListFacts, IndexName {
  readonly type: "index_lists";
}

/** Rebalances until the stream of events ends; the returned function ends it before. */
export function rebalanceLists({ events$, clock, command }: RebalancerOptions): () => void {
  const steps$ = events$.pipe(
    filter(isListEvent),
    groupBy(
      ({ collection, shard, distance_metric }) => `${distance_metric} ${shard} ${collection}`,
    ),
    mergeMap((facts$) =>
      facts$.pipe(
        audit(() => after(clock, settleMs)),
        exhaustMap((facts) => settle(clock, facts, (step) => command(facts, step))),
      ),
    ),
  );
  const subscription = steps$.subscribe();
  return () => subscription.unsubscribe();
}

function isListEvent(event: BusEvent): event is ListEvent {
  return event.type === "index_lists";
}

/** Steps until nothing is left to do. */
function settle(
  clock: Clock,
  first: ListFacts,
  command: (step: RebalanceStep) => Promise<ListFacts>,
): Observable<never> {
  const next = (facts: ListFacts): Observable<ListFacts> => {
    const step = decideRebalance(facts);
    if (!step) return EMPTY;
    return defer(() => from(command(step))).pipe(
      switchMap((then) => after(clock, restMs).pipe(map(() => then))),
    );
  };
  return next(first).pipe(
    expand(next),
    catchError(() => EMPTY),
    ignoreElements(),
  );
}
