/**
 * Short work for the processor, on threads of its own: k-means, snapshot encoding. Actor hosts keep
 * their thread for life, so tasks need another pool; its threads end when there is nothing to do, and
 * with the thread that made the pool.
 */
import type { ResourceLimits, Transferable } from "node:worker_threads";
import { Piscina } from "piscina";
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
  readonly #threads: Piscina<Task, TaskResult>;
  readonly #waitingMax: number;
  #closed = false;

  constructor(options: TaskPoolOptions = {}) {
    const { threads = 1, waiting = waitingDefault, resourceLimits } = options;
    this.#waitingMax = waiting;
    this.#threads = new Piscina<Task, TaskResult>({
      filename: new URL("./task-entry.js", import.meta.url).href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: idleMsMax,
      atomics: "disabled",
      recordTiming: false,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    // Nobody waits for an idle thread that fails; Piscina has replaced it already.
    this.#threads.on("error", () => undefined);
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
    if (this.#closed) throw new DvespError("CLOSED", "the task pool is closed");
    if (this.#threads.queueSize >= this.#waitingMax) {
      throw new DvespError("OVERLOADED", "too many tasks wait", { retry_after_ms: 1000 });
    }
    const task = { module, export: exportName, args };
    const result = await this.#threads.run(task, { transferList: [...transfer] }).catch(failed);
    if (result.outcome === "refused") throw errorFromPlain(result.error);
    return result.value;
  }

  /** Ends the pool at once: tasks under way reject. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#threads.destroy();
  }
}

function failed(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new DvespError("INTERNAL", `the task failed: ${reason}`, { cause });
}
