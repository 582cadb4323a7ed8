/**
 * Short work for the processor, on threads of its own: k-means, snapshot encoding. Actor hosts keep
 * their thread for life, so tasks need another pool; its threads end when there is nothing to do, and
 * with the thread that made the pool. Piscina is loaded with the first task: most threads never have one.
 */
import type { ResourceLimits, Transferable } from "node:worker_threads";
import type { Piscina } from "piscina";
import { DvespError, errorFromPlain } from "../base/index.js";
import type { Task, TaskResult } from "./task-entry.js";

export interface TaskPoolOptions {
  /** Default 1. */
  readonly threads?: number;
  /** Tasks that wait for a thread at most; default 64. */
  readonly waiting?: number;
  readonly resourceLimits?: ResourceLimits;
}

/** What actors see of a task pool. */
export interface TaskRunner {
  /** As `TaskPool.run`. */
  run(
    module: string,
    exportName: string,
    args: readonly unknown[],
    transfer?: readonly Transferable[],
  ): Promise<unknown>;
}

const waitingDefault = 64;
const idleMsMax = 10_000;

export class TaskPool implements TaskRunner {
  readonly #threads: number;
  readonly #waitingMax: number;
  readonly #resourceLimits: ResourceLimits | undefined;
  #pool: Promise<Piscina<Task, TaskResult>> | undefined;
  #closed = false;

  constructor(options: TaskPoolOptions = {}) {
    const { threads = 1, waiting = waitingDefault, resourceLimits } = options;
    this.#waitingMax = waiting;
    this.#threads = threads;
    this.#resourceLimits = resourceLimits;
  }

  /**
   * Calls the export of a module with `args` on a task thread. Arguments and result go by
   * structured clone: shared memory is shared, buffers in `transfer` are moved. Rejects with the
   * `DvespError` the function threw, `OVERLOADED` when too many tasks wait, `CLOSED`, or `INTERNAL`
   * when it threw anything else or its thread died.
   */
  async run(
    module: string,
    exportName: string,
    args: readonly unknown[],
    transfer: readonly Transferable[] = [],
  ): Promise<unknown> {
    if (this.#closed) throw closed();
    const pool = await (this.#pool ??= this.#start());
    if (this.#isClosed()) throw closed();
    if (pool.queueSize >= this.#waitingMax) {
      throw new DvespError("OVERLOADED", "too many tasks wait", { retry_after_ms: 1000 });
    }
    const task = { module, export: exportName, args };
    const result = await pool.run(task, { transferList: [...transfer] }).catch(failed);
    if (result.outcome === "refused") throw errorFromPlain(result.error);
    return result.value;
  }

  /** Ends the pool at once: tasks under way reject. */
  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#pool)?.destroy();
  }

  async #start(): Promise<Piscina<Task, TaskResult>> {
    const { Piscina } = await import("piscina");
    const pool = new Piscina<Task, TaskResult>({
      filename: new URL("./task-entry.js", import.meta.url).href,
      minThreads: 0,
      maxThreads: this.#threads,
      idleTimeout: idleMsMax,
      atomics: "disabled",
      recordTiming: false,
      ...(this.#resourceLimits === undefined ? {} : { resourceLimits: this.#resourceLimits }),
    });
    // Nobody waits for an idle thread that fails; Piscina has replaced it already.
    pool.on("error", () => undefined);
    return pool;
  }

  /** Read anew: it may have been closed while the pool was started. */
  #isClosed(): boolean {
    return this.#closed;
  }
}

function closed(): DvespError {
  return new DvespError("CLOSED", "the task pool is closed");
}

function failed(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new DvespError("INTERNAL", `the task failed: ${reason}`, { cause });
}
