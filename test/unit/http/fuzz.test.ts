import { describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../../src/base/index.js";
import type { Random } from "../../../src/base/index.js";
import { ask, sendBytes, serve } from "./harness.js";

const seed = Number(process.env["DVESP_TEST_SEED"] ?? 20_260_101);

function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random.uint32() & 255));
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[randomBelow(random, items.length)]!;
}

/** Something between a request and noise. */
function garbage(random: Random): Buffer {
  const method = pick(random, ["GET", "POST", "PUT", "DELETE", "PRI", "", "X".repeat(50), "\0"]);
  const path = pick(random, [
    "/v1/collections/docs/search",
    "/v1/collections/docs/insert",
    "/v1/collections/%00/count",
    "/v1/collections/../../etc/passwd",
    "*",
    "//",
    "http://evil.example/v1/collections",
    bytes(random, 20).toString("latin1"),
    "/" + "a".repeat(20_000),
  ]);
  const version = pick(random, ["HTTP/1.1", "HTTP/1.0", "HTTP/9.9", "HTTP/2.0", ""]);
  const headers = Array.from({ length: randomBelow(random, 5) }, () =>
    pick(random, [
      "content-length: 10",
      "content-length: -1",
      "content-length: 5, 6",
      "content-length: 99999999999999999999",
      "transfer-encoding: chunked",
      "transfer-encoding: gzip, chunked",
      "content-type: application/msgpack",
      "content-encoding: gzip",
      "expect: 100-continue",
      "connection: upgrade\r\nupgrade: websocket",
      "x: " + bytes(random, 30).toString("latin1"),
      bytes(random, 10).toString("latin1"),
      "y: " + "y".repeat(20_000),
    ]),
  );
  const body = pick(random, [
    "",
    "{}",
    "5\r\nhello\r\n0\r\n\r\n",
    "zz\r\n",
    bytes(random, 200).toString("latin1"),
  ]);
  const text = `${method} ${path} ${version}\r\nhost: localhost\r\n${headers.join("\r\n")}\r\n\r\n${body}`;
  const cut = randomBelow(random, 4) === 0 ? randomBelow(random, text.length) : text.length;
  return Buffer.from(text.slice(0, cut), "latin1");
}

describe(`garbage (seed ${seed})`, () => {
  const limits = { headersTimeoutMs: 150, requestTimeoutMs: 150, keepAliveMs: 50 };

  it("on the wire ends in an answer or a closed connection, and harms nobody", async () => {
    const { base, errors } = await serve({ limits });
    const random = seededRandom(seed);
    const inputs = Array.from({ length: 300 }, (_, index) =>
      index % 3 === 0 ? bytes(random, 1 + randomBelow(random, 500)) : garbage(random),
    );
    const answers = await Promise.all(inputs.map((input) => sendBytes(base, input)));
    for (const [index, answer] of answers.entries()) {
      const shown = `input ${index}: ${JSON.stringify(inputs[index]!.toString("latin1")).slice(0, 300)}`;
      expect(answer === "" || answer.startsWith("HTTP/1.1 "), shown).toBe(true);
      const [, status] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? [];
      if (Number(status) >= 400) expect(answer, shown).toContain("application/problem+json");
      expect(answer, shown).not.toContain("HTTP/1.1 500");
    }
    expect(errors).toEqual([]);
    expect((await ask(base, "/healthz")).status).toBe(200);
  });

  it("as a body is refused as such", async () => {
    const { base, errors } = await serve();
    const random = seededRandom(seed + 1);
    await ask(base, "/v1/collections/docs/insert", { body: { vectors: [[1, 2]] } });
    const operations = [
      "insert",
      "search",
      "search/batch",
      "update",
      "delete",
      "get",
      "scroll",
      "count",
    ];
    for (let round = 0; round < 400; round++) {
      const type = pick(random, ["application/json", "application/msgpack"]);
      const body = bytes(random, 1 + randomBelow(random, 64));
      const path = `/v1/collections/docs/${pick(random, operations)}`;
      const reply = await ask(base, path, { body, headers: { "content-type": type } });
      const shown = `${path} ${type} ${body.toString("hex")}`;
      expect({ shown, code: reply.json["code"] }).toEqual({ shown, code: "INVALID_ARGUMENT" });
    }
    expect(errors).toEqual([]);
    expect((await ask(base, "/v1/collections/docs/count", { body: {} })).json).toEqual({
      count: 1,
    });
  });
});
