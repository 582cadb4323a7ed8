/**
 * The OpenAPI 3.1 document, made from what the server itself runs on: the route table, the schemas
 * that requests are checked with, the map of errors. It cannot say anything else than they do.
 */
import { z } from "zod";
import type { ErrorCode } from "../base/index.js";
import * as answers from "./answer-schemas.js";
import { errorKinds, problemMediaType } from "./errors.js";
import { type OperationDocument, operationDocuments } from "./openapi-operations.js";
import * as requests from "./request-schemas.js";
import { type Operation, type Route, routes } from "./routes.js";

type Json = Record<string, unknown>;

/** What the OpenAPI document describes itself as. */
export interface OpenApiInfo {
  readonly version: string;
}

const mediaTypes = ["application/json", "application/msgpack"];
/** What any operation may end in. */
const commonErrors: readonly ErrorCode[] = [
  "INVALID_ARGUMENT",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "OVERLOADED",
  "TIMEOUT",
  "CLOSED",
  "INTERNAL",
];
/** Operations that need no key. */
const openOperations: readonly Operation[] = ["health", "ready"];

/** The document as a plain object. */
export function openApiDocument(info: OpenApiInfo = { version: "1" }): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "DVESP",
      version: info.version,
      description: "A vector store. Bodies are JSON or MessagePack, by Content-Type and Accept.",
    },
    security: [{ bearer: [] }, { apiKey: [] }, {}],
    paths: pathItems(),
    components: {
      schemas: schemas(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        apiKey: { type: "apiKey", in: "header", name: "api-key" },
      },
    },
  };
}

function pathItems(): Json {
  const paths: Record<string, Json> = {};
  for (const [operation, route] of Object.entries(routes) as [Operation, Route][]) {
    const item = (paths[route.path] ??= {});
    item[route.method.toLowerCase()] = operationObject(operation, route);
  }
  return paths;
}

function operationObject(operation: Operation, { path }: Route): Json {
  const document = operationDocuments[operation];
  const parameters = [...pathParameters(path), ...queryParameters(operation)];
  return {
    operationId: operation,
    summary: document.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(document.request && { requestBody: requestBody(document.request) }),
    ...(openOperations.includes(operation) && { security: [] }),
    responses: { ...successOf(document), ...errorResponses(document.errors) },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: parameterSchema(name),
  }));
}

function parameterSchema(name: string | undefined): Json {
  if (name === "id") return { type: "string", format: "uuid" };
  return name === "node" ? { type: "string" } : schemaOf(requests.collectionName);
}

function queryParameters(operation: Operation): Json[] {
  if (operation === "get_vector") {
    return [
      { name: "consistency_level", in: "query", schema: schemaOf(requests.consistencyLevel) },
    ];
  }
  if (operation !== "events") return [];
  const description = "Only events of this type.";
  return [{ name: "type", in: "query", description, schema: { type: "string" } }];
}

function requestBody({ schema, example }: NonNullable<OperationDocument["request"]>): Json {
  const content = { schema: reference(schema), example };
  return { required: true, content: Object.fromEntries(mediaTypes.map((type) => [type, content])) };
}

function successOf({ answer }: OperationDocument): Json {
  if (answer === "empty") return { 204: { description: "Done" } };
  if ("mediaType" in answer) {
    return { 200: { description: "Success", content: { [answer.mediaType]: {} } } };
  }
  const content = { schema: reference(answer.schema) };
  return {
    200: {
      description: "Success",
      content: Object.fromEntries(mediaTypes.map((type) => [type, content])),
    },
  };
}

/** One response per status; codes that share a status are listed together. */
function errorResponses(errors: readonly ErrorCode[]): Json {
  const codes = new Map<number, ErrorCode[]>();
  for (const code of new Set([...commonErrors, ...errors])) {
    const { status } = errorKinds[code];
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  const responses = [...codes].map(([status, some]) => [status, errorResponse(some)] as const);
  return Object.fromEntries(responses);
}

function errorResponse(codes: readonly ErrorCode[]): Json {
  const description = codes.map((code) => `\`${code}\`: ${errorKinds[code].title}`).join("; ");
  const retryAfter = { "Retry-After": { description: "Seconds.", schema: { type: "integer" } } };
  return {
    description,
    ...(codes.includes("OVERLOADED") && { headers: retryAfter }),
    content: { [problemMediaType]: { schema: reference("Problem") } },
  };
}

function reference(schema: string): Json {
  return { $ref: `#/components/schemas/${schema}` };
}

/** Requests without `collection` where it comes from the path. */
function schemas(): Json {
  return {
    CreateRequest: schemaOf(requests.createRequest.omit({ collection: true })),
    InsertRequest: schemaOf(requests.insertRequest.omit({ collection: true })),
    UpdateRequest: schemaOf(requests.updateRequest.omit({ collection: true })),
    DeleteRequest: schemaOf(requests.deleteRequest.omit({ collection: true })),
    SearchRequest: schemaOf(requests.searchRequest.omit({ collection: true })),
    SearchBatchRequest: schemaOf(requests.searchBatchRequest.omit({ collection: true })),
    GetRequest: schemaOf(requests.getRequest.omit({ collection: true })),
    ScrollRequest: schemaOf(requests.scrollRequest.omit({ collection: true })),
    CountRequest: schemaOf(requests.countRequest.omit({ collection: true })),
    WriteAnswer: schemaOf(answers.writeAnswer),
    ChangeAnswer: schemaOf(answers.changeAnswer),
    SearchAnswer: schemaOf(answers.searchAnswer),
    SearchBatchAnswer: schemaOf(answers.searchBatchAnswer),
    StoredVector: schemaOf(answers.storedVector),
    GetAnswer: schemaOf(answers.getAnswer),
    ScrollAnswer: schemaOf(answers.scrollAnswer),
    CountAnswer: schemaOf(answers.countAnswer),
    CollectionDescription: schemaOf(answers.collectionDescription),
    CollectionList: schemaOf(answers.collectionList),
    ClusterDescription: schemaOf(answers.clusterDescription),
    ClusterChange: schemaOf(answers.clusterChange),
    Problem: schemaOf(answers.problem),
  };
}

/** Without `$schema`: OpenAPI 3.1 names the dialect itself. */
function schemaOf(schema: z.ZodType): Json {
  const members = Object.entries(z.toJSONSchema(schema, { io: "input" }));
  return Object.fromEntries(members.filter(([name]) => name !== "$schema"));
}
