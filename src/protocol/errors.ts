/**
 * How errors look over HTTP: one status, title and type per code, and the problem document of
 * RFC 9457. The table is exhaustive over the catalogue of base: a new code does not compile until
 * it has a row here.
 */
import { toDvespError, type ErrorCode } from "../base/index.js";

export interface ErrorKind {
  readonly status: number;
  readonly title: string;
}

export const errorKinds: Readonly<Record<ErrorCode, ErrorKind>> = {
  INVALID_ARGUMENT: { status: 400, title: "The request is not valid" },
  UNAUTHENTICATED: { status: 401, title: "A valid API key is needed" },
  PERMISSION_DENIED: { status: 403, title: "The API key does not allow this" },
  COLLECTION_NOT_FOUND: { status: 404, title: "The collection does not exist" },
  VECTOR_NOT_FOUND: { status: 404, title: "The vector does not exist" },
  ALREADY_EXISTS: { status: 409, title: "It exists already, with other settings" },
  VERSION_CONFLICT: { status: 412, title: "A version does not match" },
  TOO_LARGE: { status: 413, title: "The request is too large" },
  OVERLOADED: { status: 429, title: "Too much is waiting already" },
  TIMEOUT: { status: 504, title: "There was no answer in time" },
  NOT_ENOUGH_REPLICAS: { status: 503, title: "Too few replicas are alive" },
  STORAGE_FULL: { status: 507, title: "The storage is full" },
  DATA_CORRUPTED: { status: 500, title: "Stored data is damaged" },
  DIRECTORY_LOCKED: { status: 503, title: "The data directory is in use" },
  CLOSED: { status: 503, title: "The store is closed" },
  INTERNAL: { status: 500, title: "An internal error" },
};

/** A problem document: the body of every answer that is not a success. */
export interface Problem {
  /** A URI that names the kind of problem; one per code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly request_id: string;
  /** Path of the offending field in the request, e.g. `vectors[3]`. */
  readonly field?: string;
  readonly retry_after_ms?: number;
}

export const problemMediaType = "application/problem+json";

/** The type URI of `code`, e.g. `urn:dvesp:error:too-large`. */
export function problemType(code: ErrorCode): string {
  return `urn:dvesp:error:${code.toLowerCase().replaceAll("_", "-")}`;
}

/**
 * The problem document of anything thrown. What is not an operating error is a bug: its message
 * belongs in the log, found there by `request_id`, and never in the answer. No stack ever is.
 */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const { code, message, field, retry_after_ms } = toDvespError(thrown);
  const { status, title } = errorKinds[code];
  const detail = code === "INTERNAL" ? "This is a bug; the log has it by request_id." : message;
  return {
    type: problemType(code),
    title,
    status,
    detail,
    code,
    request_id: requestId,
    ...(field === undefined ? {} : { field }),
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  };
}
