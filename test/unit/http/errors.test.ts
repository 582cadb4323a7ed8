import { describe, expect, it } from "vitest";
import { DvespError, errorCodes } from "../../../src/base/index.js";
import { errorKinds } from "../../../src/protocol/index.js";
import { ask, expectProblem, serve } from "./harness.js";

const path = "/v1/collections/docs/count";

describe("errors", () => {
  it.each(errorCodes)("%s of a node is answered with its status", async (code) => {
    const { base, node, errors, observations } = await serve();
    node.before = () => {
      throw new DvespError(code, "the reason", { field: "the.field", retry_after_ms: 1500 });
    };
    const reply = await ask(base, path, { method: "POST" });
    expectProblem(reply, errorKinds[code].status, code);
    expect(reply.json).toMatchObject({ field: "the.field", retry_after_ms: 1500 });
    expect(reply.headers["retry-after"]).toBe("2");
    expect(observations.at(-1)).toMatchObject({ status: errorKinds[code].status, method: "POST" });
    expect(observations.at(-1)!.seconds).toBeGreaterThanOrEqual(0);
    if (code === "INTERNAL") {
      expect(reply.json["detail"]).not.toContain("the reason");
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ error: { message: "the reason" } });
      expect(errors[0]!.requestId).toBe(reply.json["request_id"]);
    } else {
      expect(reply.json["detail"]).toBe("the reason");
      expect(errors).toEqual([]);
    }
  });

  it("that are bugs are reported, and show neither message nor stack", async () => {
    const { base, node, errors } = await serve();
    const thrown: unknown[] = [new TypeError("secret x is not a function"), "secret text", null];
    for (const [index, value] of thrown.entries()) {
      node.before = () => {
        throw value;
      };
      const headers = { "x-request-id": `bug-${index}` };
      const reply = await ask(base, path, { method: "POST", headers });
      expectProblem(reply, 500, "INTERNAL");
      expect(String(reply.body)).not.toMatch(/secret|\.ts|\bat /);
      expect(errors[index]).toMatchObject({
        requestId: `bug-${index}`,
        error: { code: "INTERNAL" },
      });
    }
    node.before = () => undefined;
    expectProblem(await ask(base, path, { method: "POST" }), 404, "COLLECTION_NOT_FOUND");
  });

  it("of operations on collections and on the node come the same way", async () => {
    const { base, node } = await serve();
    node.describe_cluster = () => Promise.reject(new DvespError("CLOSED", "gone"));
    expectProblem(await ask(base, "/v1/cluster"), 503, "CLOSED");
    node.metrics_text = () => Promise.reject(new Error("broken"));
    expectProblem(await ask(base, "/metrics"), 500, "INTERNAL");
    const create = { method: "PUT", body: { dimension: "4" } };
    const refused = await ask(base, "/v1/collections/docs", create);
    expectProblem(refused, 400, "INVALID_ARGUMENT");
    expect(refused.json["field"]).toBe("dimension");
    for (const body of ["[]", "null", "7"]) {
      const reply = await ask(base, "/v1/collections/docs", { method: "PUT", body });
      expectProblem(reply, 400, "INVALID_ARGUMENT");
    }
  });
});
