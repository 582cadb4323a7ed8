import { describe, expect, it } from "vitest";
import { DvespError } from "../../../src/base/index.js";
import { connect } from "../../../src/client/index.js";
import type { Attempt } from "../../../src/client/index.js";
import {
  answered,
  client,
  lost,
  never,
  overloaded,
  refused,
  settle,
  unsent,
  written,
} from "./scripted-client.js";

const insert = { collection: "docs", vectors: [[1, 2]] };

describe("a client", () => {
  it("spreads its requests over the nodes in turn", async () => {
    const { store, nodes } = client(() => answered({ count: 1 }));
    for (let call = 0; call < 6; call++) await store.count({ collection: "docs" });
    expect(new Set(nodes().slice(0, 3)).size).toBe(3);
    expect(nodes().slice(3)).toEqual(nodes().slice(0, 3));
  });

  it("moves on from a node that cannot be reached, and asks it last for a while", async () => {
    const down = "b:2";
    const { store, nodes, clock } = client(({ node }) =>
      node === down ? unsent : answered({ count: 1 }),
    );
    for (let call = 0; call < 9; call++) await store.count({ collection: "docs" });
    expect(nodes().filter((node) => node === down)).toHaveLength(1);
    await clock.advance(600);
    for (let call = 0; call < 3; call++) await store.count({ collection: "docs" });
    expect(nodes().filter((node) => node === down)).toHaveLength(2);
  });

  it("repeats an insert whose connection broke, with ids of its own making", async () => {
    const { store, sent } = client((_, attempt) => (attempt < 3 ? lost : answered(written)));
    await store.insert({
      collection: "docs",
      vectors: { dimension: 2, data: Float32Array.of(1, 2, 3, 4) },
    });
    const ids = sent.map((one) => one.body["ids"] as string[]);
    expect(ids).toHaveLength(3);
    expect(new Set(ids.flat()).size).toBe(2);
    expect(ids[0]?.[0]).toMatch(/^[0-9a-f-]{36}$/);
    await store.insert(insert);
    expect(ids.flat()).not.toContain((sent.at(-1)!.body["ids"] as string[])[0]);
  });

  it("repeats a write whose connection broke, with one key of its own making", async () => {
    const { store, sent } = client((_, attempt) => (attempt < 3 ? lost : answered(written)));
    const ids = ["00000000-0000-4000-8000-000000000000"];
    await store.insert({ ...insert, ids });
    const keys = new Set(sent.map((one) => one.body["idempotency_key"]));
    expect(sent).toHaveLength(3);
    expect(keys.size).toBe(1);
    expect([...keys][0]).toMatch(/^[0-9a-f-]{36}$/);
    await store.insert({ ...insert, ids });
    expect(keys).not.toContain(sent.at(-1)!.body["idempotency_key"]);
  });

  it("keeps the caller's key, for every kind of write", async () => {
    const { store, sent } = client(() => answered(written));
    const ids = ["00000000-0000-4000-8000-000000000000"];
    const common = { collection: "docs", idempotency_key: "mine" };
    await store.insert({ ...insert, ...common });
    await store.update({ ...common, ids, metadata: [{}] });
    await store.delete({ ...common, ids });
    expect(sent.map((one) => one.body["idempotency_key"])).toEqual(["mine", "mine", "mine"]);
  });

  it("does not drop twice: what became of a lost one it cannot know", async () => {
    const { store, sent } = client(() => lost);
    await expect(store.drop_collection({ collection: "docs" })).rejects.toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("unknown") as string,
    });
    expect(sent).toHaveLength(1);
    const other = client((_, attempt) => (attempt < 3 ? unsent : answered(undefined)));
    await other.store.drop_collection({ collection: "docs" });
    expect(other.sent).toHaveLength(3);
  });

  it("gives an overloaded cluster the time that it asked for, within its own", async () => {
    const { store, sent, clock } = client((_, attempt) =>
      attempt <= 3 ? overloaded(700) : answered({ count: 1 }),
    );
    expect(await settle(clock, store.count({ collection: "docs" }))).toEqual({ count: 1 });
    expect(sent).toHaveLength(4);
    expect(sent[3]!.atMs).toBeGreaterThanOrEqual(700);
    expect(sent[3]!.atMs).toBeLessThan(1000);
    const never_ = client(() => overloaded(700));
    const call = never_.store.count({ collection: "docs", timeout_ms: 2000 });
    await expect(settle(never_.clock, call)).rejects.toMatchObject({ code: "OVERLOADED" });
    expect(never_.clock.monotonic()).toBeLessThan(2600);
  });

  it("tries all nodes in a few rounds, then says that none could be reached", async () => {
    const { store, sent, clock } = client(() => unsent);
    const call = settle(clock, store.count({ collection: "docs" }));
    await expect(call).rejects.toMatchObject({ code: "NOT_ENOUGH_REPLICAS" });
    expect(sent).toHaveLength(15);
    expect(clock.monotonic()).toBeLessThan(1500);
  });

  it("does not say that nothing was done of a write that may have been executed before", async () => {
    const refusal = refused(new DvespError("NOT_ENOUGH_REPLICAS", "one of three"));
    for (const later of [unsent, refusal, overloaded(20)]) {
      const { store, clock } = client((_, attempt) => (attempt === 1 ? lost : later));
      const outcome = settle(clock, store.insert(insert));
      await expect(outcome).rejects.toMatchObject({ code: "TIMEOUT" });
    }
  });

  it("takes another node when one has too few replicas or is closing", async () => {
    for (const code of ["NOT_ENOUGH_REPLICAS", "CLOSED"] as const) {
      const { store, sent } = client((_, attempt) =>
        attempt === 1 ? refused(new DvespError(code, "not now")) : answered(written),
      );
      await store.insert(insert);
      expect(new Set(sent.map((one) => one.node)).size).toBe(2);
    }
  });

  it("asks a second node when the first is silent, and takes the first answer", async () => {
    const { store, sent, cancelled, clock } = client((_, attempt) =>
      attempt === 1 ? never : answered({ count: 7 }),
    );
    expect(await settle(clock, store.count({ collection: "docs" }))).toEqual({ count: 7 });
    expect(sent[1]!.atMs).toBe(300);
    expect(sent[1]!.node).not.toBe(sent[0]!.node);
    expect(cancelled).toEqual([sent[0]!.node]);
    const before = sent.length;
    for (let call = 0; call < 3; call++) await store.count({ collection: "docs" });
    expect(sent.slice(before, before + 2).map((one) => one.node)).not.toContain(sent[0]!.node);
  });

  it("waits for a write as long as its node lives, and sends it nowhere else", async () => {
    let finish: (attempt: Attempt) => void = () => undefined;
    const written = new Promise<Attempt>((resolve) => (finish = resolve));
    const { store, sent, clock } = client(({ request }) =>
      request.path === "/healthz" ? answered(undefined) : written,
    );
    const call = store.insert(insert);
    await clock.advance(4000);
    expect(sent.filter(({ request }) => request.path !== "/healthz")).toHaveLength(1);
    expect(new Set(sent.map(({ node }) => node)).size).toBe(1);
    finish(answered({ status: "success" }));
    await call;
  });

  it("takes a write elsewhere when its node shows no sign of life", async () => {
    let still = "";
    const { store, sent, cancelled, clock } = client(({ node, request }) => {
      still ||= node;
      if (node !== still) return answered(written);
      return request.path === "/healthz" ? { outcome: "timeout" } : never;
    });
    await settle(clock, store.insert(insert));
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 300, 300]);
    expect(cancelled).toEqual([still]);
    expect(sent.at(-1)!.body["ids"]).toEqual(sent[0]!.body["ids"]);
  });

  it("stops asking second nodes when all of them are slow", async () => {
    const { store, sent, clock } = client(() => never, { hedge_after_ms: 10 });
    const calls = Array.from({ length: 300 }, () => store.count({ collection: "docs" }));
    for (const call of calls) call.catch(() => undefined);
    await clock.advance(20);
    expect(sent.length).toBeGreaterThanOrEqual(400);
    expect(sent.length).toBeLessThanOrEqual(431);
  });

  it("gives refusals as the store gives them", async () => {
    const error = new DvespError("VERSION_CONFLICT", "no", { field: "if_versions[1]" });
    const { store, sent } = client(() => refused(error));
    const call = store.delete({ collection: "docs", filter: {} });
    const shown = { code: "VERSION_CONFLICT", message: "no", field: "if_versions[1]" };
    await expect(call).rejects.toMatchObject(shown);
    expect(sent).toHaveLength(1);
  });

  const strange: [string, Attempt, string][] = [
    ["a code it does not know", problem(409, { code: "NEW_CODE", detail: "x" }), "ALREADY_EXISTS"],
    ["a status it does not know", problem(418, { code: "TEAPOT" }), "INTERNAL"],
    ["a page of a proxy", page(504), "TIMEOUT"],
    ["a success that is a page", page(200), "INTERNAL"],
    ["a success that cannot be read", garbled(), "INTERNAL"],
    ["a problem that is none", problem(500, ["x"]), "INTERNAL"],
    ["a redirect", page(302), "INTERNAL"],
  ];
  it.each(strange)("understands %s as far as it can", async (_, attempt, code) => {
    const { store } = client(() => attempt);
    await expect(store.search({ collection: "docs", query_vector: [1] })).rejects.toMatchObject({
      code,
    });
  });

  it("fills in its own level, time and key of access, where a request has none", async () => {
    const { store, sent } = client(() => answered({ count: 1, answers: [] }), {
      consistency_level: "ALL",
      timeout_ms: 777,
      api_key: "secret",
    });
    await store.count({ collection: "docs" });
    await store.count({ collection: "docs", consistency_level: "ONE", timeout_ms: 5 });
    await store.search_batch({ collection: "docs", queries: [{ query_vector: [1] }] });
    expect(sent.map((one) => one.body)).toMatchObject([
      { consistency_level: "ALL", timeout_ms: 777 },
      { consistency_level: "ONE", timeout_ms: 5 },
      { queries: [{ consistency_level: "ALL", timeout_ms: 777 }] },
    ]);
    expect(sent[0]!.request.headers["authorization"]).toBe("Bearer secret");
  });

  it("refuses addresses that are none, at once", () => {
    for (const nodes of [[], [""], ["ftp://a"], ["a:b"], ["http://a?x=1"], ["a:70000"]]) {
      expect(() => connect({ nodes })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
      );
    }
  });

  it("takes hosts, ports, and URLs with a path of their own", async () => {
    const nodes = ["a", "b:80", "https://c", "http://d:9/prefix/", "[::1]:7", "https://e:7000"];
    const seen = new Set<string>();
    const store = connect({
      nodes,
      transport: {
        send(node) {
          seen.add(node.href);
          return { attempt: Promise.resolve(answered({ count: 1 })), cancel: () => undefined };
        },
        close: () => undefined,
      },
    });
    for (let call = 0; call < nodes.length; call++) await store.count({ collection: "docs" });
    expect([...seen].sort()).toEqual([
      "http://[::1]:7/",
      "http://a:7000/",
      "http://b/",
      "http://d:9/prefix/",
      "https://c/",
      "https://e:7000/",
    ]);
  });
});

function problem(status: number, body: unknown): Attempt {
  const contentType = "application/problem+json";
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    outcome: "answer",
    answer: { status, contentType, retryAfterMs: undefined, body: bytes },
  };
}

function page(status: number): Attempt {
  const body = Buffer.from("<html></html>");
  return {
    outcome: "answer",
    answer: { status, contentType: "text/html", retryAfterMs: undefined, body },
  };
}

function garbled(): Attempt {
  const body = Uint8Array.of(0xc1, 0xff);
  const contentType = "application/msgpack";
  return { outcome: "answer", answer: { status: 200, contentType, retryAfterMs: undefined, body } };
}
