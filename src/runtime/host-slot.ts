/**
 * One actor host for the life of the pool: whichever thread runs it at the moment.
 *
 *     starting ──► up ──► lost ──(at once, or after a back-off)──► starting
 *
 * The Piscina task of the thread is its death watch: when its promise settles the thread is gone,
 * for whatever reason, and the host is started anew on another thread under the same name.
 */
import { MessageChannel } from "node:worker_threads";
import type { Piscina } from "piscina";
import { DvespError, toDvespError } from "../base/index.js";
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
  readonly testHooks: boolean;
  readonly onState: (state: HostState) => void;
}

/** One thread's run as this host. */
interface Run {
  readonly abort: AbortController;
  readonly link: PortLink;
  readonly ended: Promise<void>;
}

const startMsMax = 30_000;
/** A host that lived less than this was not well: the next one waits. */
const shortLifeMs = 1000;
const backoff = { minMs: 100, maxMs: 5000, jitter: 0.2 };

export class HostSlot {
  readonly #options: HostSlotOptions;
  #state: HostState = "starting";
  #run: Run | undefined;
  #shortLives = 0;
  #lostAt: number | undefined;

  constructor(options: HostSlotOptions) {
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  /** Starts the host; later ends and new starts are its own affair. */
  start(): void {
    if (this.#state === "closed") return;
    const { name, system, threads, testHooks } = this.#options;
    this.#enter("starting");
    const { port1, port2 } = new MessageChannel();
    const link = new PortLink(port1);
    const abort = new AbortController();
    const setup: HostSetup = { host: name, hub: system.host, port: port2, testHooks };
    system.connect(name, link);
    const task = threads.run(setup, { transferList: [port2], signal: abort.signal });
    const begunMs = system.clock.monotonic();
    const ended = task.then(
      () => this.#lost(link, begunMs, new DvespError("CLOSED", "the host ended by itself")),
      (error: unknown) => this.#lost(link, begunMs, error),
    );
    this.#run = { abort, link, ended };
    void this.#awaitUp(this.#run);
  }

  /** Ends the thread from outside, at once. */
  terminate(): void {
    this.#run?.abort.abort();
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
    run.abort.abort();
    await run.ended;
    system.disconnect(name, run.link);
    system.emit("host_stopped", { name });
  }

  /** The host is up when its system answers; one that never does is cut off and started anew. */
  async #awaitUp(run: Run): Promise<void> {
    const { name, system } = this.#options;
    try {
      await system.requestHost(name, { type: "ping" }, startMsMax);
    } catch {
      run.abort.abort();
      return;
    }
    if (this.#run !== run || this.#state !== "starting") return;
    const lostAt = this.#lostAt;
    this.#enter("up");
    if (lostAt === undefined) system.emit("host_started", { name });
    else system.emit("host_replaced", { name, after_ms: system.clock.monotonic() - lostAt });
  }

  #lost(link: PortLink, begunMs: number, error: unknown): void {
    if (this.#state === "closed") return;
    const { name, system } = this.#options;
    this.#run = undefined;
    this.#lostAt = system.clock.monotonic();
    const livedMs = this.#lostAt - begunMs;
    this.#shortLives = livedMs < shortLifeMs ? this.#shortLives + 1 : 0;
    // First the state, then the watches: who restarts an actor must know that the host is away.
    this.#enter("lost");
    system.emit("host_lost", { name, error: toDvespError(error).toPlain(), lived_ms: livedMs });
    system.disconnect(name, link);
    if (this.#shortLives === 0) this.start();
    else system.clock.after(this.#delayMs(), () => this.start());
  }

  #delayMs(): number {
    return backoffDelayMs(backoff, this.#shortLives - 1, this.#options.system.random);
  }

  #enter(state: HostState): void {
    if (this.#state === "closed") return;
    this.#state = state;
    this.#options.onState(state);
  }
}
