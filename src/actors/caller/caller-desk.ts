/**
 * The searches that callers on this thread ask of one shard, in their order. Those that are short are
 * answered here, by a searcher of this thread, when that is sooner done than by a worker: no message, no
 * waking of another thread, no bytes. `read-place.ts` says when; `LoopTurn` sees to it that the event
 * loop turns. All others are the workers', as are the short ones when nobody is here to answer.
 */
import type { Clock } from "../../base/index.js";
import { rawToTyped } from "../../protocol/index.js";
import type { NormalSearch, SearchAnswer } from "../../protocol/index.js";
import { answerOf } from "../../runtime/index.js";
import type { ActorRef } from "../../runtime/index.js";
import { marginMs } from "../reads/ask-replicas.js";
import type { SearcherMessage, ShortAnswer } from "../searcher/messages.js";
import type { WorkerPool } from "../worker-pool.js";
import type { LoopTurn } from "./loop-turn.js";
import { placeOf } from "./read-place.js";
import { ShortKinds } from "./short-kinds.js";

/** What the collections of a node share of the thread that callers are on. */
export interface CallerThread {
  readonly turn: LoopTurn;
  /** Whether there is a worker for every core: then one of them rests while this thread is a searcher. */
  readonly isOneTooMany: boolean;
}

export interface CallerDeskParts {
  readonly clock: Clock;
  readonly thread: CallerThread;
  readonly dimension: number;
  /** On this thread, once it runs. */
  readonly searcher: ActorRef<SearcherMessage>;
  readonly workers: WorkerPool;
  /** Starts the searcher. */
  readonly start: () => Promise<void>;
}

/** Asks one of the first `among` workers. */
export type AskWorker = (among?: number) => Promise<SearchAnswer>;

interface Waiting {
  readonly request: NormalSearch;
  readonly arrivedMs: number;
  readonly askWorker: AskWorker;
  readonly resolve: (answer: Promise<SearchAnswer>) => void;
}

/** A process that searches a few times is done sooner without a searcher of its own. */
const startAfter = 16;
/** More than that is for workers to take, or to refuse. */
const waitingMax = 1024;

export class CallerDesk {
  readonly #parts: CallerDeskParts;
  readonly #kinds: ShortKinds;
  /** Workers that short searches are handed to. */
  readonly #workersUsed: number;
  #waiting: Waiting[] = [];
  #isTurnAwaited = false;
  #asked = 0;
  #phase: "absent" | "starting" | "running" = "absent";

  constructor(parts: CallerDeskParts) {
    this.#parts = parts;
    this.#kinds = new ShortKinds(parts.clock, parts.dimension);
    const { thread, workers } = parts;
    this.#workersUsed = Math.max(1, workers.refs.length - Number(thread.isOneTooMany));
  }

  get searcher(): ActorRef<SearcherMessage> {
    return this.#parts.searcher;
  }

  /** The typed answer. Errors: those of a search. */
  search(request: NormalSearch, askWorker: AskWorker): Promise<SearchAnswer> {
    if (!this.#isForHere(request)) return askWorker();
    return new Promise((resolve) => {
      const arrivedMs = this.#parts.clock.monotonic();
      this.#waiting.push({ request, arrivedMs, askWorker, resolve });
      this.#serve();
    });
  }

  #isForHere(request: NormalSearch): boolean {
    if (this.#waiting.length >= waitingMax || !this.#kinds.isShort(request)) return false;
    if (this.#phase === "absent" && ++this.#asked >= startAfter) this.#start();
    return this.#phase === "running";
  }

  #start(): void {
    this.#phase = "starting";
    this.#parts.start().then(
      () => (this.#phase = "running"),
      () => {
        this.#phase = "absent";
        this.#asked = 0;
      },
    );
  }

  /** Lets as many begin as have a place. */
  readonly #serve = (): void => {
    const { thread, workers } = this.#parts;
    const { turn } = thread;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const place = placeOf({
        isCallerBusy: turn.isTaken,
        hasRoom: turn.hasRoom,
        underWay: workers.outstanding,
        leastBusy: workers.leastBusy(this.#workersUsed),
      });
      if (place === "next_turn") {
        this.#awaitTurn();
        return;
      }
      this.#waiting.shift();
      next.resolve(this.#served(place === "caller" ? this.#here(next) : this.#elsewhere(next)));
    }
  };

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#parts.thread.turn.whenTurned(() => {
      this.#isTurnAwaited = false;
      this.#serve();
    });
  }

  /** Whoever has ended a search is free for the next one. */
  async #served(search: Promise<SearchAnswer>): Promise<SearchAnswer> {
    try {
      return await search;
    } finally {
      this.#serve();
    }
  }

  #elsewhere({ askWorker }: Waiting): Promise<SearchAnswer> {
    return askWorker(this.#workersUsed);
  }

  async #here(waiting: Waiting): Promise<SearchAnswer> {
    const { turn } = this.#parts.thread;
    turn.take();
    let found: ShortAnswer | undefined;
    try {
      found = await this.#askHere(waiting);
    } finally {
      turn.leave();
    }
    if (found) this.#kinds.note(waiting.request, found.answer ? found.took_ms : Infinity);
    // One that was given up is long: any of the workers may take it.
    return found?.answer ? rawToTyped(found.answer) : waiting.askWorker();
  }

  /** Undefined when the searcher is gone: its supervisor starts another. */
  async #askHere({ request, arrivedMs: arrived_ms }: Waiting): Promise<ShortAnswer | undefined> {
    const message = { type: "read_short", request, arrived_ms } as const;
    const options = { timeout_ms: request.timeout_ms + marginMs };
    const end = await this.#parts.searcher.ask<ShortAnswer>(message, options);
    return end.outcome === "gone" ? undefined : answerOf(end);
  }
}
