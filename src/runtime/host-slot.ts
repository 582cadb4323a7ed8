/**
 * One actor host for the life of the pool: whichever thread runs it at the moment.
 *
 *     starting ──► up ──► lost ──(at once, or after a back-off)──► starting
 *
 * The Piscina task of the thread is its death watch: when its promise settles the thread is ending,
 * for whatever reason. Asks and watches end at once, so that others can take over; the host itself
 * is started anew, under the same name, only when the old thread is really gone: it may still be
 * inside native code, and what belongs to a host (a file, a lock) must not have two owners.
 */
import { MessageChannel } from "node:worker_threads";
import type { Piscina } from "piscina";
import {
  DvespError,
  type PlainError,
  closeNativeGate,
  nativeGate,
  toDvespError,
} from "../base/index.js";
import { PortLink } from "../mailbox/index.js";
import type { ActorSystem } from "./actor-system.js";
import { backoffDelayMs } from "./backoff.js";
import type { HostSetup } from "./host.js";
import { endedWithin } from "./within.js";

export type HostState = "starting" | "up" | "lost" | "closed";

export interface HostSlotOptions {
  readonly name: string;
  readonly system: ActorSystem;
  readonly threads: Piscina;
  readonly taskThreads: number;
  readonly givesWay: boolean;
  readonly testHooks: boolean;
  readonly onState: (state: HostState) => void;
}

/** One thread's run as this host. */
interface Run {
  readonly begunMs: number;
  readonly abort: AbortController;
  readonly link: PortLink;
  readonly threadId: Int32Array;
  readonly nativeGate: Int32Array;
  /** The task has settled and the loss, if it was one, was told. */
  ended: Promise<void>;
  /** The thread has exited; known from when the host is up. */
  exited: Promise<unknown> | undefined;
}

const startMsMax = 30_000;
/** A thread that stays in one native call for longer is terminated all the same. */
const nativeCallMsMax = 2000;
/** A host that lived less than this was not well: the next one waits. */
const shortLifeMs = 1000;
const backoff = { minMs: 100, maxMs: 5000, jitter: 0.2 };

export class HostSlot {
  readonly #options: HostSlotOptions;
  #state: HostState | "new" = "new";
  #run: Run | undefined;
  #shortLives = 0;
  #lostAt: number | undefined;
  #lastError: PlainError | undefined;

  constructor(options: HostSlotOptions) {
    this.#options = options;
  }

  get state(): HostState {
    return this.#state === "new" ? "starting" : this.#state;
  }

  /** Why the host was lost the last time. */
  get lastError(): PlainError | undefined {
    return this.#lastError;
  }

  /** Starts the host; later ends and new starts are its own affair. */
  start(): void {
    if (this.#state === "closed") return;
    const { name, system, threads, taskThreads, givesWay, testHooks } = this.#options;
    this.#enter("starting");
    const { port1, port2 } = new MessageChannel();
    const run: Run = {
      begunMs: system.clock.monotonic(),
      abort: new AbortController(),
      link: new PortLink(port1),
      threadId: new Int32Array(new SharedArrayBuffer(4)),
      nativeGate: nativeGate(),
      ended: Promise.resolve(),
      exited: undefined,
    };
    this.#run = run;
    const { threadId, abort, link } = run;
    const of = { host: name, hub: system.host, port: port2, threadId, nativeGate: run.nativeGate };
    const setup: HostSetup = { ...of, taskThreads, givesWay, testHooks };
    system.connect(name, link, () => this.#linkClosed(run));
    const task = threads.run(setup, { transferList: [port2], signal: abort.signal });
    run.ended = task.then(
      () => this.#lost(run, new DvespError("CLOSED", "the host ended by itself")),
      (error: unknown) => this.#lost(run, error),
    );
    void this.#awaitUp(run);
  }

  /** Ends the thread from outside: at once, but not within native code. */
  async terminate(): Promise<void> {
    if (this.#run) await this.#terminate(this.#run);
  }

  /** Stops the host's actors and its thread within `limitMs`; what is not done then is cut off. */
  async close(limitMs: number): Promise<void> {
    const run = this.#run;
    const wasUp = this.#state === "up";
    this.#enter("closed");
    if (!run) return;
    const { name, system } = this.#options;
    const end = async (): Promise<void> => {
      if (!wasUp) return;
      const request = { type: "end", limit_ms: limitMs } as const;
      // A host that dies on the way has ended as well.
      await system.requestHost(name, request, limitMs).catch(() => undefined);
      await run.ended;
    };
    await endedWithin(system.clock, limitMs, end());
    await this.#terminate(run);
    await run.ended;
    system.disconnect(name, run.link);
    system.emit("host_stopped", { name });
  }

  async #terminate(run: Run): Promise<void> {
    await closeNativeGate(run.nativeGate, this.#options.system.clock, nativeCallMsMax);
    run.abort.abort();
  }

  /** The host is up when its system answers; one that never does is cut off and started anew. */
  async #awaitUp(run: Run): Promise<void> {
    const { name, system } = this.#options;
    try {
      await system.requestHost(name, { type: "ping" }, startMsMax);
    } catch {
      await this.#terminate(run);
      return;
    }
    if (this.#run !== run || this.#state !== "starting") return;
    const id = Atomics.load(run.threadId, 0);
    const thread = this.#options.threads.threads.find(({ threadId }) => threadId === id);
    if (thread) run.exited = new Promise((resolve) => thread.once("exit", resolve));
    const lostAt = this.#lostAt;
    this.#enter("up");
    if (lostAt === undefined) system.emit("host_started", { name });
    else system.emit("host_replaced", { name, after_ms: system.clock.monotonic() - lostAt });
  }

  /**
   * The link may close before the task's promise tells why (a thread out of memory). First the
   * state, then the watches: who restarts an actor must know already that the host is away.
   */
  #linkClosed(run: Run): void {
    if (this.#run === run) this.#enter("lost");
  }

  #lost(run: Run, error: unknown): void {
    const { name, system } = this.#options;
    if (this.#state === "closed") return;
    this.#lostAt = system.clock.monotonic();
    const livedMs = this.#lostAt - run.begunMs;
    this.#shortLives = livedMs < shortLifeMs ? this.#shortLives + 1 : 0;
    this.#enter("lost");
    this.#lastError = toDvespError(error).toPlain();
    system.emit("host_lost", { name, error: this.#lastError, lived_ms: livedMs });
    system.disconnect(name, run.link);
    void this.#startAgain(run);
  }

  async #startAgain(run: Run): Promise<void> {
    const { clock } = this.#options.system;
    await run.exited;
    if (this.#shortLives === 0) this.start();
    else clock.after(this.#delayMs(), () => this.start());
  }

  #delayMs(): number {
    return backoffDelayMs(backoff, this.#shortLives - 1, this.#options.system.random);
  }

  #enter(state: HostState): void {
    if (this.#state === "closed" || this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
