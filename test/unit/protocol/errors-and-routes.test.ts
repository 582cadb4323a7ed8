/** The tables of the contract: errors, routes, and the OpenAPI document made of them. */
import { describe, expect, it } from "vitest";
import { DvespError, errorCodes } from "../../../src/base/index.js";
import {
  errorKinds,
  normalise,
  normaliseCreate,
  rowOperations,
  openApiDocument,
  problemOf,
  routePath,
  routes,
} from "../../../src/protocol/index.js";
import * as answerSchemas from "../../../src/protocol/answer-schemas.js";

const statuses = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  COLLECTION_NOT_FOUND: 404,
  VECTOR_NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  VERSION_CONFLICT: 412,
  TOO_LARGE: 413,
  OVERLOADED: 429,
  TIMEOUT: 504,
  NOT_ENOUGH_REPLICAS: 503,
  STORAGE_FULL: 507,
  DATA_CORRUPTED: 500,
  DIRECTORY_LOCKED: 503,
  CLOSED: 503,
  INTERNAL: 500,
};

describe("errors", () => {
  it("have the statuses of the contract", () => {
    const found = Object.fromEntries(errorCodes.map((code) => [code, errorKinds[code].status]));
    expect(found).toEqual(statuses);
  });

  it("become problem documents", () => {
    const error = new DvespError("OVERLOADED", "the queue is full", { retry_after_ms: 50 });
    expect(problemOf(error, "r-1")).toEqual({
      type: "urn:dvesp:error:overloaded",
      title: "Too much is waiting already",
      status: 429,
      detail: "the queue is full",
      code: "OVERLOADED",
      request_id: "r-1",
      retry_after_ms: 50,
    });
    const field = problemOf(new DvespError("INVALID_ARGUMENT", "no", { field: "top_k" }), "r");
    expect(field.field).toBe("top_k");
    for (const code of errorCodes) {
      const problem = problemOf(new DvespError(code, "why"), "r");
      expect(answerSchemas.problem.parse(JSON.parse(JSON.stringify(problem)))).toEqual(problem);
    }
  });

  it("that are bugs show nothing of themselves", () => {
    const bugs = [
      new TypeError("secret"),
      "secret",
      { secret: 1 },
      new DvespError("INTERNAL", "secret"),
    ];
    for (const bug of bugs) {
      const problem = problemOf(bug, "r-1");
      expect([problem.code, problem.status, problem.request_id]).toEqual(["INTERNAL", 500, "r-1"]);
      expect(JSON.stringify(problem)).not.toContain("secret");
      expect(JSON.stringify(problem)).not.toContain(".ts");
    }
  });
});

describe("routes", () => {
  it("are each somewhere else", () => {
    const places = Object.values(routes).map(({ method, path }) => `${method} ${path}`);
    expect(new Set(places).size).toBe(places.length);
  });

  it("fill in their parameters, encoded", () => {
    expect(routePath("search_batch", { collection: "a.b" })).toBe(
      "/v1/collections/a.b/search/batch",
    );
    expect(routePath("get_vector", { collection: "a/../b", id: "x?y" })).toBe(
      "/v1/collections/a%2F..%2Fb/vectors/x%3Fy",
    );
    expect(routePath("health")).toBe("/healthz");
  });
});

type Json = Record<string, unknown>;

/** Every value in the document, however deep. */
function* parts(value: unknown): Generator {
  yield value;
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) yield* parts(part);
}

describe("the OpenAPI document", () => {
  const document = JSON.parse(JSON.stringify(openApiDocument({ version: "1.2.3" }))) as Json & {
    paths: Record<string, Record<string, Json>>;
    components: { schemas: Record<string, Json> };
  };

  it("has every route and nothing else", () => {
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId }]) => [operationId, method, path]),
    );
    const expected = Object.entries(routes).map(([operation, { method, path }]) => [
      operation,
      method.toLowerCase(),
      path,
    ]);
    expect(documented.sort()).toEqual(expected.sort());
  });

  it("refers only to what is there, and uses all that is there", () => {
    const references = [...parts(document)].flatMap((part) =>
      typeof part === "object" && part !== null && "$ref" in part ? [String(part.$ref)] : [],
    );
    expect(references.length).toBeGreaterThan(20);
    const names = Object.keys(document.components.schemas).map(
      (name) => `#/components/schemas/${name}`,
    );
    expect([...new Set(references)].sort()).toEqual(names.sort());
  });

  it("names every path parameter", () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const operation of Object.values(item)) {
        const parameters = (operation["parameters"] ?? []) as {
          name: string;
          in: string;
          required?: boolean;
        }[];
        const found = parameters.filter((one) => one.in === "path" && one.required === true);
        expect(found.map((one) => one.name)).toEqual(wanted);
      }
    }
  });

  it("offers both media types, and problems for every error", () => {
    const search = document.paths["/v1/collections/{collection}/search"]!["post"] as {
      requestBody: { content: Json };
      responses: Record<string, { content: Json }>;
    };
    expect(Object.keys(search.requestBody.content)).toEqual([
      "application/json",
      "application/msgpack",
    ]);
    expect(Object.keys(search.responses["200"]!.content)).toEqual([
      "application/json",
      "application/msgpack",
    ]);
    expect(Object.keys(search.responses).map(Number)).toEqual(
      expect.arrayContaining([200, 400, 401, 403, 404, 429, 500, 503, 504]),
    );
    for (const [status, response] of Object.entries(search.responses)) {
      if (status !== "200")
        expect(Object.keys(response.content)).toEqual(["application/problem+json"]);
    }
  });

  it("shows the limits that are enforced", () => {
    const search = document.components.schemas["SearchRequest"] as {
      properties: Record<string, Json>;
      required: string[];
    };
    expect(search.properties["top_k"]).toMatchObject({ minimum: 1, maximum: 1000, default: 10 });
    expect(search.required).toEqual(["query_vector"]);
    expect(search.properties).not.toHaveProperty("collection");
    expect(JSON.stringify(document)).not.toContain("$schema");
  });

  it("has examples that the server would accept", () => {
    for (const operation of rowOperations) {
      const { method, path } = routes[operation];
      const item = document.paths[path]![method.toLowerCase()] as {
        requestBody: { content: Record<string, { example: object }> };
      };
      const { example } = item.requestBody.content["application/json"]!;
      expect(() => normalise(operation, { ...example, collection: "docs" })).not.toThrow();
    }
    const create = document.paths["/v1/collections/{collection}"]!["put"] as {
      requestBody: { content: Record<string, { example: object }> };
    };
    const { example } = create.requestBody.content["application/json"]!;
    expect(() => normaliseCreate({ ...example, collection: "docs" })).not.toThrow();
  });
});
