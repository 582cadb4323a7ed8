/** An embedded store under a path of an Express app: one store, through the API of both. */
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, createExpressApp, open } from "../../dist/index.js";
import type { OpenStore } from "../../dist/index.js";

const api_key = "a key";
const collection = "papers";

describe("a store within an Express app", () => {
  let path: string;
  let store: OpenStore;
  let server: http.Server;
  let base: string;

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-express-"));
    store = await open({ path });
    const app = express();
    app.get("/mine", (_, response) => void response.send("mine"));
    app.use("/vectors", await createExpressApp(store, { api_key }));
    server = http.createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.close();
    await store.close();
    await rm(path, { recursive: true });
  });

  it("is the same through both", async () => {
    const remote = connect({ nodes: [`${base}/vectors`], api_key });
    const { vector_ids } = await store.insert({ collection, vectors: [[1, 0]] });
    const found = await remote.search({ collection, query_vector: [1, 0] });
    expect(found.results.map(({ id }) => id)).toEqual(vector_ids);
    await remote.delete({ collection, ids: vector_ids });
    expect(await store.count({ collection })).toMatchObject({ count: 0 });
    await remote.close();
    expect(await (await fetch(`${base}/mine`)).text()).toBe("mine");
  });

  it("has metrics, and wants the key", async () => {
    const headers = { authorization: `Bearer ${api_key}` };
    const metrics = await fetch(`${base}/vectors/metrics`, { headers });
    expect(await metrics.text()).toContain('dvesp_http_request_seconds_count{route="/v1/');
    expect((await fetch(`${base}/vectors/v1/collections`)).status).toBe(401);
  });

  it("is of a store that was opened here, and of known options", async () => {
    const remote = connect({ nodes: [base] }) as OpenStore;
    const invalid = { code: "INVALID_ARGUMENT" };
    await expect(createExpressApp(remote)).rejects.toMatchObject(invalid);
    const options = { key: "a" } as object;
    await expect(createExpressApp(store, options)).rejects.toMatchObject(invalid);
  });

  it("answers CLOSED when the store is", async () => {
    await store.close();
    const remote = connect({ nodes: [`${base}/vectors`], api_key, timeout_ms: 1000 });
    await expect(remote.count({ collection })).rejects.toMatchObject({ code: "CLOSED" });
    await remote.close();
  });
});
