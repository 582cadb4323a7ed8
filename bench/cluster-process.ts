/** `dvesp serve --nodes N` in a process of its own, with a data directory that is removed afterwards. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface ClusterNode {
  readonly id: string;
  readonly address: string;
  readonly pid: number;
  readonly state: string;
}

const bin = fileURLToPath(new URL("../bin/dvesp", import.meta.url));
const startMsMax = 60_000;
const lookMs = 50;

export class ClusterProcess {
  readonly addresses: readonly string[];
  readonly #child: ChildProcess;
  readonly #data: string;

  private constructor(child: ChildProcess, data: string, addresses: readonly string[]) {
    this.#child = child;
    this.#data = data;
    this.addresses = addresses;
  }

  /** Resolves when all nodes are ready. Ports: from `port` on. */
  static async start(nodes: number, port: number): Promise<ClusterProcess> {
    const data = mkdtempSync(join(tmpdir(), "dvesp-cluster-"));
    const options = ["--nodes", `${nodes}`, "--port", `${port}`, "--data", data];
    const child = spawn(process.execPath, [bin, "serve", ...options, "--log-level", "error"], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DVESP_TEST_HOOKS: "1" },
    });
    const addresses = Array.from({ length: nodes }, (_, index) => `127.0.0.1:${port + index}`);
    const cluster = new ClusterProcess(child, data, addresses);
    await until(`${nodes} nodes are ready`, startMsMax, async () => {
      const ready = await Promise.all(addresses.map((one) => answers(one, "/readyz")));
      return ready.every(Boolean);
    });
    return cluster;
  }

  /** As the node at `address` sees them. */
  async nodes(address = this.addresses[0]!): Promise<readonly ClusterNode[]> {
    const answer = await fetch(`http://${address}/v1/cluster`);
    return ((await answer.json()) as { nodes: ClusterNode[] }).nodes;
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await exited;
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/** Looks again and again until `condition` holds. Throws, saying `what`, when that takes too long. */
export async function until(
  what: string,
  limitMs: number,
  condition: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

export async function answers(address: string, path: string): Promise<boolean> {
  const answer = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(1000) });
  await answer.arrayBuffer();
  return answer.ok;
}
