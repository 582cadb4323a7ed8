/** A `dvesp serve` in a process of its own: for tests that kill it. */
import { spawn } from "node:child_process";
import type { ChildProcess, ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/dvesp", import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class NodeProcess {
  readonly address: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string, exited: Promise<Exit>) {
    this.#child = child;
    this.address = address;
    this.exited = exited;
  }

  /** Resolves when it serves; rejects with what it printed when it ends before. */
  static start(data: string, ...options: string[]): Promise<NodeProcess> {
    const child = startCommand("serve", "--port", "0", "--data", data, ...options);
    const exited = new Promise<Exit>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    const errors: string[] = [];
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
    return new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const { msg, address } = JSON.parse(line) as { msg: string; address: string };
        if (msg === "serving") resolve(new NodeProcess(child, address, exited));
      });
      void exited.then(({ code }) => reject(new Error(`ended with ${code}: ${errors.join("")}`)));
    });
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }
}

export interface CommandResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `dvesp` with `args`. */
export function startCommand(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [bin, ...args]);
}

/** Runs `dvesp` with `args` to its end. */
export async function runCommand(...args: string[]): Promise<CommandResult> {
  const child = startCommand(...args);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
