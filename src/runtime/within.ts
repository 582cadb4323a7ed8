/** A limit in time on work that cannot be cancelled. */
import type { Clock } from "../base/index.js";

/** Longest delay that timers of Node take; longer ones would fire at once. */
export const delayMsMax = 2 ** 31 - 1;

/**
 * Whether `work` ended within `limitMs`; rejects when it failed in that time. A later failure of
 * work that was late is swallowed: nobody waits for it any more.
 */
export async function endedWithin(
  clock: Clock,
  limitMs: number,
  work: Promise<unknown>,
): Promise<boolean> {
  let cancel = (): void => undefined;
  const late = new Promise<boolean>((resolve) => {
    const timer = clock.after(Math.min(limitMs, delayMsMax), () => resolve(false));
    cancel = () => timer.cancel();
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    cancel();
  }
}
