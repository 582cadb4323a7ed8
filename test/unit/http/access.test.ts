import { describe, expect, it } from "vitest";
import { ask, expectProblem, sendBytes, serve } from "./harness.js";

const key = "correct horse";

describe("access", () => {
  it("needs the key, in either header, when there is one", async () => {
    const { base } = await serve({ api_key: key });
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { "api-key": key },
      { authorization: `bearer  ${key}` },
    ]) {
      expect((await ask(base, "/v1/collections", { headers })).status).toBe(200);
    }
    const wrong = [
      {},
      { authorization: key },
      { authorization: "Bearer " },
      { authorization: "Basic Y29ycmVjdA==" },
      { "api-key": `${key}x` },
      { "api-key": "" },
      { authorization: "Bearer wrong", "api-key": key },
    ];
    for (const headers of wrong) {
      const reply = await ask(base, "/v1/collections", { headers });
      expectProblem(reply, 401, "UNAUTHENTICATED");
      expect(reply.headers["www-authenticate"]).toBe("Bearer");
    }
    for (const path of ["/metrics", "/v1/events", "/v1/cluster", "/openapi.json"]) {
      expectProblem(await ask(base, path), 401, "UNAUTHENTICATED");
    }
    const hot = await ask(base, "/v1/collections/docs/search", { body: {} });
    expectProblem(hot, 401, "UNAUTHENTICATED");
  });

  it("leaves health, readiness and the page open", async () => {
    const { base } = await serve({ api_key: key });
    for (const path of ["/healthz", "/readyz", "/"]) {
      expect((await ask(base, path)).status).toBe(200);
    }
  });

  it("on a loopback address takes only loopback names, so that no page can rebind one", async () => {
    const { base, server } = await serve();
    const under = (host: string) => ask(base, "/v1/collections", { headers: { host } });
    for (const host of ["localhost", "LOCALHOST:80", `127.0.0.1:${server.port}`, "[::1]:7000"]) {
      expect((await under(host)).status).toBe(200);
    }
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7000"]) {
      expectProblem(await under(host), 403, "PERMISSION_DENIED");
    }
    expect(await sendBytes(base, "GET /healthz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200/);
  });

  it("takes the names it is told, or any where a key guards it", async () => {
    const named = await serve({ allowed_hosts: ["db.example.org"] });
    const host = { host: "db.example.org:80" };
    expect((await ask(named.base, "/v1/collections", { headers: host })).status).toBe(200);
    expectProblem(await ask(named.base, "/v1/collections"), 403, "PERMISSION_DENIED");
    const guarded = await serve({ api_key: key });
    const headers = { host: "anything.example", "api-key": key };
    expect((await ask(guarded.base, "/v1/collections", { headers })).status).toBe(200);
  });

  it("lets no page of another origin read or send", async () => {
    const { base } = await serve();
    const headers = {
      origin: "https://evil.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const path = "/v1/collections/docs/insert";
    const preflight = await ask(base, path, { method: "OPTIONS", headers });
    expect(Object.keys(preflight.headers).join()).not.toContain("access-control");
    // What a form can send without a preflight is none of our types.
    const form = { origin: "https://evil.example", "content-type": "text/plain" };
    const posted = await ask(base, path, { body: '{"vectors":[[1]]}', headers: form });
    expectProblem(posted, 400, "INVALID_ARGUMENT");
  });
});
