/**
 * Turns of the event loop. In a simulation nothing but promises and `setImmediate` is ever under way, so
 * "no immediate waits" means that everything waits for time.
 */

/** More than any work without waiting takes: whoever goes on longer goes on for ever. */
const turnsMax = 1_000_000;

/** One for all who wait: each would take the other's turns for work. */
let waiting: Promise<void> | undefined;

/** Resolves once nothing more happens without time going on. */
export function quiet(): Promise<void> {
  waiting ??= nextQuiet().finally(() => (waiting = undefined));
  return waiting;
}

function nextQuiet(): Promise<void> {
  return new Promise((resolve, reject) => {
    let turns = 0;
    const turn = (): void => {
      if (!isBusy()) resolve();
      else if (++turns < turnsMax) setImmediate(turn);
      else reject(new Error("the event loop never comes to rest"));
    };
    setImmediate(turn);
  });
}

function isBusy(): boolean {
  return process.getActiveResourcesInfo().includes("Immediate");
}
