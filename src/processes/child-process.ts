/**
 * Processes of the operating system as an argument: whoever starts one takes a `Launch`, so that
 * supervision is tested without any. `launchProcess` is the machine's.
 *
 * A process that is launched here hears of the death of the one that launched it, however that ends:
 * its standard input is a pipe that nothing is written to, and that ends then.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export interface ProcessCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a process ended; `reason`, when it could not even be started. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly reason?: string;
}

export type OutputStream = "stdout" | "stderr";

export interface RunningProcess {
  readonly pid: number | undefined;
  /** Resolves once it has ended and all that it printed was heard. */
  readonly exited: Promise<ProcessExit>;
  /** Does nothing to one that has ended. */
  signal(signal: "SIGTERM" | "SIGKILL"): void;
}

export type Launch = (
  command: ProcessCommand,
  onLine: (stream: OutputStream, line: string) => void,
) => RunningProcess;

export const launchProcess: Launch = ({ file, args, env }, onLine) => {
  const child = spawn(file, [...args], { env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
  // The other end is gone when the process is, which is heard of below.
  child.stdin.on("error", () => undefined);
  readLines(child.stdout, (line) => onLine("stdout", line));
  readLines(child.stderr, (line) => onLine("stderr", line));
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("error", ({ message }) => resolve({ code: null, signal: null, reason: message }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  return { pid: child.pid, exited, signal: (signal) => void child.kill(signal) };
};

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on("line", onLine);
}
