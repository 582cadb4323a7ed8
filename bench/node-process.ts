/** `dvesp serve` in a process of its own, over a data directory that outlives it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { answers, until } from "./cluster-process.js";

const bin = fileURLToPath(new URL("../bin/dvesp", import.meta.url));
const bytesPerKib = 1024;
const hertz = 100;

export class NodeProcess {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  /** Resolves when it is ready to serve. */
  static async start(data: string, port: number, startMsMax: number): Promise<NodeProcess> {
    const options = ["--port", `${port}`, "--data", data, "--log-level", "error"];
    const stdio = ["ignore", "ignore", "inherit"] as const;
    const child = spawn(process.execPath, [bin, "serve", ...options], { stdio: [...stdio] });
    const node = new NodeProcess(child, `127.0.0.1:${port}`);
    await until("the node is ready", startMsMax, () => answers(node.address, "/readyz"));
    return node;
  }

  /** Of all its threads since its start. */
  cpuSeconds(): number {
    const [, fields = ""] = this.#file("stat").split(") ");
    const [user, system] = fields.split(" ").slice(11, 13).map(Number);
    return ((user ?? NaN) + (system ?? NaN)) / hertz;
  }

  /** What is in memory now: its own, and pages of files, which the system takes back when it needs them. */
  memory(): { readonly ownBytes: number; readonly fileBytes: number } {
    const status = this.#file("status");
    const bytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * bytesPerKib;
    return { ownBytes: bytes("RssAnon") + bytes("RssShmem"), fileBytes: bytes("RssFile") };
  }

  /** Ends it in order, and tells how long that took, in milliseconds. */
  async stop(): Promise<number> {
    const began = performance.now();
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await exited;
    return performance.now() - began;
  }

  #file(name: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${name}`, "utf8");
  }
}
