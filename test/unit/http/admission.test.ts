import { describe, expect, it } from "vitest";
import { Admission } from "../../../src/http/admission.js";
import { ask, expectProblem, serve, until } from "./harness.js";

const path = "/v1/collections/docs/count";

/** A gate that requests wait at, and how many have come to it. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const waiting = { count: 0 };
  const wait = (): Promise<void> => {
    waiting.count++;
    return opened;
  };
  return { open: () => open(), wait, waiting };
}

describe("admission", () => {
  it("lets in so many requests, refuses more at once, and lets in again", async () => {
    const { base, node } = await serve({ limits: { requestsMax: 3 } });
    await ask(base, "/v1/collections/docs/insert", { body: { vectors: [[1]] } });
    const { open, wait, waiting } = gate();
    node.before = wait;
    const under = Array.from({ length: 3 }, () => ask(base, path, { method: "POST" }));
    await until(() => waiting.count === 3);
    const refused = await ask(base, path, { method: "POST" });
    expectProblem(refused, 429, "OVERLOADED");
    expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(refused.json["retry_after_ms"]).toBeGreaterThan(0);
    for (const always of ["/healthz", "/readyz", "/metrics"]) {
      expect((await ask(base, always)).status).toBe(200);
    }
    expect(waiting.count).toBe(3);
    open();
    for (const reply of await Promise.all(under)) expect(reply.status).toBe(200);
    expect((await ask(base, path, { method: "POST" })).status).toBe(200);
  });

  it("holds bodies up to a bound, and refuses before it reads more", async () => {
    const { base, node } = await serve({ limits: { heldBytesMax: 1_000_000 } });
    const { open, wait, waiting } = gate();
    node.before = wait;
    const body = Buffer.alloc(600_000, " ");
    const first = ask(base, path, { body });
    await until(() => waiting.count === 1);
    expectProblem(await ask(base, path, { body }), 429, "OVERLOADED");
    const chunked = { "transfer-encoding": "chunked" };
    expectProblem(await ask(base, path, { body, headers: chunked }), 429, "OVERLOADED");
    const small = ask(base, path, { body: Buffer.alloc(1000, " ") });
    await until(() => waiting.count === 2);
    open();
    // Only blanks: refused by whoever decodes them, which shows that they got there.
    expect([(await first).status, (await small).status]).toEqual([400, 400]);
    expect((await ask(base, path, { body })).status).toBe(400);
  });

  it("counts what it lets in and out exactly", () => {
    const admission = new Admission({ requestsMax: 1, heldBytesMax: 10 });
    admission.enter();
    expect(() => admission.enter()).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
    expect(admission.requests).toBe(1);
    admission.hold(10);
    expect(() => admission.hold(1)).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
    admission.holdAnswer(5);
    expect(admission.heldBytes).toBe(15);
    admission.release(15);
    admission.leave();
    expect([admission.requests, admission.heldBytes]).toEqual([0, 0]);
    expect(() => admission.leave()).toThrow("leaves once");
    expect(() => admission.release(1)).toThrow("no more is released");
  });
});
