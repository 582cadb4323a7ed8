/** A load generator in a process of its own, so that clients and server do not share an event loop. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface SearchLoad {
  /** Nodes that are asked in turn. */
  readonly addresses: readonly string[];
  readonly collection: string;
  readonly queries: readonly Float32Array[];
  readonly topK: number;
  readonly atOnce: number;
  readonly include_vectors: boolean;
  /** Default: the collection's. */
  readonly recall: number | undefined;
  /** Default: the node's. */
  readonly consistency_level?: "ONE" | "QUORUM" | "ALL";
  readonly seconds: number;
}

/** One answer of the sample that is decoded after the run. */
export interface CheckedAnswer {
  /** Its number among the queries. */
  readonly query: number;
  readonly ids: readonly string[];
}

export interface LoadResult {
  /** Milliseconds of each request. */
  readonly times: readonly number[];
  readonly seconds: number;
  /** Of the load generator itself. */
  readonly cpuSeconds: number;
  /** Of all bodies. */
  readonly bytes: number;
  readonly checked: readonly CheckedAnswer[];
}

export class LoadProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(): Promise<LoadProcess> {
    const path = fileURLToPath(new URL("./load-worker.js", import.meta.url));
    const child = fork(path, [], { serialization: "advanced" });
    return new Promise((resolve, reject) => {
      child.once("spawn", () => resolve(new LoadProcess(child)));
      child.once("error", reject);
    });
  }

  search(load: SearchLoad): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      this.#child.once("message", (result) => resolve(result as LoadResult));
      this.#child.once("exit", (code) => reject(new Error(`the load process ended: ${code}`)));
      this.#child.send(load);
    });
  }

  stop(): void {
    this.#child.removeAllListeners("exit");
    this.#child.kill();
  }
}
