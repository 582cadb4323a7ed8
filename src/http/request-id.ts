/** The name under which a request appears in its answer and in our logs. */
import { randomUuid } from "../base/index.js";
import type { Random } from "../base/index.js";

/** What may be repeated in a header and a log line without a second thought. */
const sane = /^[A-Za-z0-9._:-]{1,128}$/;

/** The caller's `X-Request-Id` when it is harmless, otherwise one of our own. */
export function requestIdOf(given: string | string[] | undefined, random: Random): string {
  return typeof given === "string" && sane.test(given) ? given : randomUuid(random);
}
