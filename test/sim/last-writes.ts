/** All rows are written through every node, at the highest level, once all is mended: nothing hinders it now. */
import type { Clock } from "../../src/base/index.js";
import type { Checker } from "./checker.js";
import { callNode } from "./client.js";
import type { Endpoint } from "./client.js";
import { collection, rowsOf } from "./requests.js";
import { told } from "./session.js";

export interface LastWritesOf {
  readonly endpoints: readonly Endpoint[];
  readonly checker: Checker;
  readonly ids: readonly string[];
  readonly clock: Clock;
}

const timeoutMs = 5000;
/** These are told to no checker. */
const number = 0;

export async function lastWrites({ endpoints, checker, ids, clock }: LastWritesOf): Promise<void> {
  const level = { consistency_level: "ALL", timeout_ms: timeoutMs } as const;
  const request = { collection, ids, ...rowsOf(number, ids), ...level };
  const options = { clock, delayMs: () => 1, patienceMs: 2 * timeoutMs };
  for (const endpoint of endpoints) {
    const outcome = await callNode(endpoint, (store) => store.insert(request), options);
    if (outcome.type === "answer" && outcome.answer.status === "success") continue;
    const end = JSON.stringify(told(outcome));
    checker.fail("unavailable", `${endpoint.name} does not write after all was mended: ${end}`);
  }
}
