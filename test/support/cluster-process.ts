/** A `dvesp serve --nodes N` in processes of its own: for tests that kill some of them. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ClusterDescription } from "../../src/protocol/index.js";
import type { Exit } from "./node-process.js";

const bin = fileURLToPath(new URL("../../bin/dvesp", import.meta.url));
const waitMsMax = 30_000;

interface Line {
  readonly msg: string;
  readonly node?: string;
  readonly nodes?: readonly { readonly node: string; readonly address: string }[];
}

export class ClusterProcess {
  /** By node id; of the last start of each. */
  readonly addresses = new Map<string, string>();
  readonly exited: Promise<Exit>;
  /** Everything that was logged, as it came. */
  readonly lines: Line[] = [];
  readonly errors: string[] = [];
  readonly #child: ChildProcess;
  #onLine: (line: Line) => void = () => undefined;

  private constructor(data: string, options: readonly string[]) {
    const args = ["serve", "--port", "0", "--data", data, ...options];
    this.#child = spawn(process.execPath, [bin, ...args]);
    this.exited = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => resolve({ code, signal }));
    });
    this.#child.stderr!.on("data", (chunk: Buffer) => this.errors.push(chunk.toString()));
    createInterface({ input: this.#child.stdout! }).on("line", (text) => {
      const line = JSON.parse(text) as Line;
      this.lines.push(line);
      this.#onLine(line);
    });
  }

  /** Resolves when all nodes serve; rejects with what was printed when it ends before. */
  static async start(data: string, nodes: number, ...options: string[]): Promise<ClusterProcess> {
    const cluster = new ClusterProcess(data, ["--nodes", String(nodes), ...options]);
    await new Promise<void>((resolve, reject) => {
      cluster.#onLine = (line) => {
        if (line.msg !== "serving" || !line.nodes) return;
        for (const { node, address } of line.nodes) cluster.addresses.set(node, address);
        resolve();
      };
      void cluster.exited.then(({ code }) =>
        reject(new Error(`ended with ${code}: ${cluster.errors.join("")}`)),
      );
    });
    return cluster;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Where clients reach the nodes, by id. */
  get nodes(): string[] {
    return [...this.addresses.keys()].sort().map((node) => this.address(node));
  }

  address(node: string): string {
    return this.addresses.get(node)!;
  }

  /** What a node says of the cluster. */
  async describe(through: string): Promise<ClusterDescription> {
    const response = await fetch(`http://${this.address(through)}/v1/cluster`);
    return (await response.json()) as ClusterDescription;
  }

  /** The process of a node, as another one knows it. */
  async pidOf(node: string, through: string): Promise<number> {
    const { nodes } = await this.describe(through);
    return nodes.find(({ id }) => id === node)!.pid;
  }

  /** Waits until `through` says that a node is in that state, and learns where it is; in ms. */
  async until(node: string, state: string, through: string): Promise<number> {
    const begun = performance.now();
    return eventually(`${node} is ${state}`, async () => {
      const { nodes } = await this.describe(through);
      const found = nodes.find(({ id }) => id === node);
      if (found?.state !== state) return undefined;
      this.addresses.set(node, found.address);
      return performance.now() - begun;
    });
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }
}

/** What `look` finds, as soon as that is something; errors count as nothing until time is up. */
export async function eventually<Found>(
  what: string,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  const endMs = performance.now() + waitMsMax;
  let last: unknown;
  while (performance.now() < endMs) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never so: ${what} (${String(last)})`);
}

/** Whether a process is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
