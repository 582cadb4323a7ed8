/**
 * One node process as an actor: its life is the actor's. When the process ends by itself the actor
 * crashes, and its supervisor starts another; stopping the actor stops the process in good order.
 */
import type { Clock } from "../base/index.js";
import { defineActor, endedWithin } from "../runtime/index.js";
import type { AnyDefinition } from "../runtime/index.js";
import type { Launch, OutputStream, ProcessCommand, ProcessExit } from "./child-process.js";
import { whyForGood } from "./exit-codes.js";

export interface NodeProcessParts {
  readonly node: string;
  readonly launch: Launch;
  readonly command: () => ProcessCommand;
  readonly onLine: (node: string, stream: OutputStream, line: string) => void;
  /** It ended in a way that the next one would too: it is not started again. */
  readonly onFailed: (failure: NodeFailure) => void;
  /** From the request to stop until it is killed. */
  readonly stopMs: number;
}

export interface NodeFailure {
  readonly node: string;
  readonly why: "data" | "configuration";
  /** What it said last on standard error. */
  readonly message: string;
}

export function nodeProcessActor(parts: NodeProcessParts): AnyDefinition {
  return defineActor<unknown, never>({
    start(context) {
      const { node, launch, command, onLine, onFailed, stopMs } = parts;
      let lastError = "";
      let stopping = false;
      const running = launch(command(), (stream, line) => {
        if (stream === "stderr" && line !== "") lastError = line;
        onLine(node, stream, line);
      });
      context.emit({ type: "node_process_started", node, pid: running.pid });
      void running.exited.then((exit) => {
        if (stopping) return;
        const why = whyForGood(exit.code);
        if (why === undefined) context.crash(new Error(describe(node, exit, lastError)));
        else onFailed({ node, why, message: lastError });
      });
      return {
        receive: () => undefined,
        stop: async () => {
          stopping = true;
          await end(context.clock, running, stopMs);
        },
      };
    },
  });
}

/** Asks the process to end, and makes it when it takes longer than `stopMs`. */
async function end(clock: Clock, running: ReturnType<Launch>, stopMs: number): Promise<void> {
  running.signal("SIGTERM");
  if (await endedWithin(clock, stopMs, running.exited)) return;
  running.signal("SIGKILL");
  await running.exited;
}

function describe(node: string, { code, signal, reason }: ProcessExit, lastError: string): string {
  const how = reason ?? (signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
  return `node process ${node} ended: ${how}${lastError === "" ? "" : `: ${lastError}`}`;
}
