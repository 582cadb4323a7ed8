/** Being asked to stop. */

const signals = ["SIGTERM", "SIGINT"] as const;

/** The first SIGTERM or SIGINT; a second one ends the process at once. */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      process.once(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

/**
 * The first SIGTERM or SIGINT; more of them change nothing. For a process under a parent: who signals
 * a whole group, as terminals and service managers do, reaches it twice, and it is for the parent to
 * lose patience.
 */
export function anySignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve(signal));
  });
}

/**
 * Resolves when standard input ends: for a node process that is the end of its parent, which holds
 * the other end of the pipe and writes nothing to it.
 */
export function parentEnd(): Promise<"parent ended"> {
  return new Promise((resolve) => {
    const { stdin } = process;
    const ended = (): void => resolve("parent ended");
    stdin.once("end", ended);
    stdin.once("close", ended);
    stdin.once("error", ended);
    stdin.resume();
    // Waiting for it alone keeps no process alive.
    if ("unref" in stdin) (stdin as unknown as { unref: () => void }).unref();
  });
}
