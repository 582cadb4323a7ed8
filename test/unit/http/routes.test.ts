import { createHash } from "node:crypto";
import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { routes } from "../../../src/protocol/index.js";
import type { Operation } from "../../../src/protocol/index.js";
import { ask, expectProblem, serve } from "./harness.js";

const rows = {
  vectors: [
    [1, 0],
    [0, 1],
  ],
  metadata: [{ a: 1 }, { a: 2 }],
};

describe("routes", () => {
  it("has every operation of the route table", async () => {
    const { base } = await serve();
    const inserted = await ask(base, "/v1/collections/docs/insert", { body: rows });
    const [id] = inserted.json["vector_ids"] as string[];
    const bodies: Partial<Record<Operation, object>> = {
      create_collection: { dimension: 2 },
      insert: rows,
      search: { query_vector: [1, 0] },
      search_batch: { queries: [{ query_vector: [1, 0] }] },
      update: { ids: [id], metadata: [{}] },
      delete: { ids: ["00000000-0000-4000-8000-000000000000"] },
      get: { ids: [id] },
      scroll: {},
      count: {},
    };
    for (const operation of Object.keys(routes) as Operation[]) {
      if (operation === "events" || operation === "drop_collection") continue;
      const { method, path } = routes[operation];
      const body = bodies[operation];
      const reply = await ask(base, path.replace("{collection}", "docs").replace("{id}", id!), {
        method,
        ...(body && { body }),
      });
      expect({ operation, status: reply.status }).toEqual({ operation, status: 200 });
      expect(reply.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    }
    const dropped = await ask(base, "/v1/collections/docs", { method: "DELETE" });
    expect(dropped.status).toBe(204);
    expect(dropped.body).toHaveLength(0);
  });

  it("creates, lists and describes a collection", async () => {
    const { base } = await serve();
    const body = { dimension: 3, distance_metric: "l2" };
    const made = await ask(base, "/v1/collections/docs", { method: "PUT", body });
    expect(made.json).toMatchObject({ collection: "docs", dimension: 3, rows: 0 });
    const listed = await ask(base, "/v1/collections");
    expect(listed.json).toMatchObject([{ collection: "docs" }]);
    expect((await ask(base, "/v1/collections/docs")).json).toEqual(made.json);
    const other = { method: "PUT", body: { ...body, dimension: 4 } };
    expectProblem(await ask(base, "/v1/collections/docs", other), 409, "ALREADY_EXISTS");
  });

  it("gives one vector by its address", async () => {
    const { base } = await serve();
    const inserted = await ask(base, "/v1/collections/docs/insert", { body: rows });
    const [id] = inserted.json["vector_ids"] as string[];
    const path = `/v1/collections/docs/vectors/${id!}`;
    const found = await ask(base, `${path}?consistency_level=ONE`);
    expect(found.json).toMatchObject({ id, vector: [1, 0], metadata: { a: 1 } });
    expect(found.json["version"]).toEqual(expect.any(String));
    const bare = await ask(base, `${path}?include_vectors=false&timeout_ms=100`);
    expect(bare.json).not.toHaveProperty("vector");
    const absent = id!.replace(/^......../, "00000000");
    expectProblem(await ask(base, path.replace(id!, absent)), 404, "VECTOR_NOT_FOUND");
    for (const query of ["level=ONE", "timeout_ms=soon", "include_vectors=1", "after=a&after=b"]) {
      const refused = await ask(base, `${path}?${query}`);
      expectProblem(refused, 400, "INVALID_ARGUMENT");
      expect(refused.json["field"]).toBe(query.split("=")[0]);
    }
    expectProblem(await ask(base, `${path}?consistency_level=SOME`), 400, "INVALID_ARGUMENT");
    expectProblem(await ask(base, path.replace(id!, "one")), 400, "INVALID_ARGUMENT");
  });

  it("answers alike through the fast lane and through Express", async () => {
    const { base, observations } = await serve();
    await ask(base, "/v1/collections/docs/insert", { body: rows });
    // An escaped letter sends a request the long way.
    for (const body of [{ query_vector: [1, 0] }, { query_vector: [1] }, { top_k: 0 }]) {
      const [fast, long] = await Promise.all(
        ["docs", "do%63s"].map((name) => ask(base, `/v1/collections/${name}/search`, { body })),
      );
      const strip = ({ json }: typeof fast & object) => ({ ...json, request_id: 0, metrics: 0 });
      expect(strip(long!)).toEqual(strip(fast!));
      expect(long!.status).toBe(fast!.status);
      expect(long!.headers["content-type"]).toBe(fast!.headers["content-type"]);
      expect(Object.keys(long!.headers).sort()).toEqual(Object.keys(fast!.headers).sort());
    }
    const labels = new Set(observations.map((one) => one.route));
    expect([...labels].sort()).toEqual([
      "/v1/collections/{collection}/insert",
      "/v1/collections/{collection}/search",
    ]);
  });

  it("takes the collection of the path, whatever the body says", async () => {
    const { base } = await serve();
    const body = { ...rows, collection: "other" };
    await ask(base, "/v1/collections/docs/insert", { body });
    expect((await ask(base, "/v1/collections/docs")).status).toBe(200);
    expectProblem(await ask(base, "/v1/collections/other"), 404, "COLLECTION_NOT_FOUND");
  });

  it("refuses unknown paths and methods with problems", async () => {
    const { base } = await serve();
    for (const path of ["/v2", "/v1/collections/docs/find", "/V1/collections", "/healthz/", "//"]) {
      expectProblem(await ask(base, path, { method: "POST" }), 404, "INVALID_ARGUMENT");
    }
    const wrong = [
      ["/v1/collections/docs/search", "GET", "OPTIONS, POST"],
      ["/v1/collections/docs", "POST", "DELETE, GET, HEAD, OPTIONS, PUT"],
      ["/healthz", "DELETE", "GET, HEAD, OPTIONS"],
    ] as const;
    for (const [path, method, allow] of wrong) {
      const reply = await ask(base, path, { method });
      expectProblem(reply, 405, "INVALID_ARGUMENT");
      expect(reply.headers.allow).toBe(allow);
      const options = await ask(base, path, { method: "OPTIONS" });
      expect([options.status, options.headers.allow]).toEqual([204, allow]);
      expect(options.headers).not.toHaveProperty("access-control-allow-origin");
    }
  });

  it("answers HEAD with headers alone", async () => {
    const { base } = await serve();
    const get = await ask(base, "/healthz");
    const head = await ask(base, "/healthz", { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    expect(head.body).toHaveLength(0);
  });

  it.each(["/v1/collections/%/search", "/v1/collections/%ff/search", "/v1/collections/%zz"])(
    "refuses the broken escape in %s",
    async (path) => {
      const { base } = await serve();
      expectProblem(await ask(base, path, { body: {} }), 400, "INVALID_ARGUMENT");
    },
  );

  it("repeats a sane request id, and replaces any other", async () => {
    const { base } = await serve();
    const sent = async (id: string) =>
      (await ask(base, "/healthz", { headers: { "x-request-id": id } })).headers["x-request-id"];
    expect(await sent("trace-1:a.b_c")).toBe("trace-1:a.b_c");
    for (const id of ["a b", "x".repeat(129), "<script>", "ü"]) {
      expect(await sent(id)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("says whether it is ready, and why not", async () => {
    const { base, node } = await serve();
    expect(String((await ask(base, "/readyz")).body)).toBe("ready\n");
    node.unready = "index snapshots are loading";
    const reply = await ask(base, "/readyz");
    expectProblem(reply, 503, "CLOSED");
    expect(reply.json["detail"]).toBe("index snapshots are loading");
    expect(String((await ask(base, "/healthz")).body)).toBe("alive\n");
  });

  it("has metrics in Prometheus's format, and a page under a strict policy", async () => {
    const { base } = await serve();
    const metrics = await ask(base, "/metrics");
    expect(metrics.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(String(metrics.body)).toContain("dvesp_up 1");
    const page = await ask(base, "/");
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["content-security-policy"]).toMatch(
      /default-src 'none'.*script-src 'sha256-/,
    );
    // Nothing from elsewhere.
    expect(String(page.body)).not.toMatch(/(src|href)\s*=|https?:\/\//);
  });

  it("has a page whose script is sound, and is the one that its policy admits", async () => {
    const { base } = await serve();
    const page = await ask(base, "/");
    for (const tag of ["script", "style"]) {
      const text = String(page.body).split(`<${tag}>`)[1]!.split(`</${tag}>`)[0]!;
      const digest = createHash("sha256").update(text).digest("base64");
      expect(page.headers["content-security-policy"]).toContain(`${tag}-src 'sha256-${digest}'`);
      if (tag === "script") expect(() => new Script(text)).not.toThrow();
    }
  });

  it("describes itself", async () => {
    const { base } = await serve();
    const { json } = await ask(base, "/openapi.json");
    expect(json["openapi"]).toMatch(/^3\.1/);
    for (const { path } of Object.values(routes)) expect(json["paths"]).toHaveProperty([path]);
    expect((await ask(base, "/v1/cluster")).json).toMatchObject({ nodes: [{ id: "plain" }] });
  });
});
