/** A client of three nodes whose attempts end as a script says. */
import { expect } from "vitest";
import { DvespError, VirtualClock, seededRandom } from "../../../src/base/index.js";
import { connect } from "../../../src/client/index.js";
import type { Attempt, ConnectOptions, WireRequest } from "../../../src/client/index.js";
import { decodeBody, encodeAnswer, problemOf } from "../../../src/protocol/index.js";

export interface Sent {
  readonly node: string;
  readonly atMs: number;
  readonly request: WireRequest;
  readonly body: Record<string, unknown>;
}

export const never = new Promise<Attempt>(() => undefined);
export const written = { status: "success", vector_ids: [], missing_ids: [] };

export const answered = (value: unknown, status = 200): Attempt => ({
  outcome: "answer",
  answer: {
    status,
    contentType: "application/msgpack",
    retryAfterMs: undefined,
    body: value === undefined ? new Uint8Array() : encodeAnswer("msgpack", value),
  },
});

export const refused = (error: DvespError): Attempt => {
  const problem = problemOf(error, "request-1");
  return {
    outcome: "answer",
    answer: {
      status: problem.status,
      contentType: "application/problem+json",
      retryAfterMs: undefined,
      body: Buffer.from(JSON.stringify(problem)),
    },
  };
};

export const unsent: Attempt = { outcome: "unsent", error: new Error("ECONNREFUSED") };
export const lost: Attempt = { outcome: "lost", error: new Error("ECONNRESET") };
export const overloaded = (retry_after_ms: number) =>
  refused(new DvespError("OVERLOADED", "full", { retry_after_ms }));

/** A client of nodes a, b, c, whose attempts end as `script` says. */
export function client(
  script: (sent: Sent, attempt: number) => Attempt | Promise<Attempt>,
  options: Partial<ConnectOptions> = {},
) {
  const clock = new VirtualClock(0);
  const sent: Sent[] = [];
  const cancelled: string[] = [];
  const store = connect({
    nodes: ["a:1", "b:2", "c:3"],
    clock,
    random: seededRandom(1),
    transport: {
      send(node, request) {
        const body = request.body ? (decodeBody("msgpack", request.body) as Sent["body"]) : {};
        const one = { node: node.host, atMs: clock.monotonic(), request, body };
        sent.push(one);
        const attempt = Promise.resolve(script(one, sent.length));
        return { attempt, cancel: () => void cancelled.push(node.host) };
      },
      close: () => undefined,
    },
    ...options,
  });
  return { clock, sent, cancelled, store, nodes: () => sent.map((one) => one.node) };
}

/** Moves time on until `promise` has settled. */
export async function settle<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  const state = { settled: false };
  const done = () => void (state.settled = true);
  promise.then(done, done);
  for (let steps = 0; !state.settled; steps++) {
    expect(steps).toBeLessThan(20_000);
    await clock.advance(1);
  }
  return promise;
}
