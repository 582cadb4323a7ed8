/**
 * The one error type of the store, and the catalogue of its codes.
 *
 * A code is stable through a major version; its message may change. Identity is the code, never the
 * class: errors cross threads and processes as plain data, where `instanceof` means nothing.
 * Programmer errors are not in this catalogue: they are failed assertions (see assert.ts) and crash
 * the actor that made them.
 */

/** Every way an operation can be refused or fail, as callers see it. */
export const errorCodes = [
  "INVALID_ARGUMENT",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "COLLECTION_NOT_FOUND",
  "VECTOR_NOT_FOUND",
  "ALREADY_EXISTS",
  "VERSION_CONFLICT",
  "TOO_LARGE",
  "OVERLOADED",
  "TIMEOUT",
  "NOT_ENOUGH_REPLICAS",
  "STORAGE_FULL",
  "DATA_CORRUPTED",
  "DIRECTORY_LOCKED",
  "CLOSED",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  /** Path of the offending field in the request, e.g. `vectors[3]`. */
  readonly field?: string;
  /** When trying again makes sense, in milliseconds from now. */
  readonly retry_after_ms?: number;
  readonly cause?: unknown;
}

/** The plain form in which an error crosses threads, processes and the wire. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string;
  readonly retry_after_ms?: number;
}

const brand = Symbol.for("dvesp.error");

export class DvespError extends Error {
  readonly code: ErrorCode;
  readonly field?: string;
  readonly retry_after_ms?: number;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "DvespError";
    this.code = code;
    if (details.field !== undefined) this.field = details.field;
    if (details.retry_after_ms !== undefined) this.retry_after_ms = details.retry_after_ms;
  }

  toPlain(): PlainError {
    return {
      code: this.code,
      message: this.message,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.retry_after_ms === undefined ? {} : { retry_after_ms: this.retry_after_ms }),
    };
  }
}

/** True for an error of this store, also one made by another copy of the package. */
export function isDvespError(value: unknown): value is DvespError {
  return typeof value === "object" && value !== null && brand in value;
}

/** Makes an error again from its plain form. */
export function errorFromPlain(plain: PlainError): DvespError {
  return new DvespError(plain.code, plain.message, plain);
}

/** Any thrown value as an error of the store; what is not one of ours is a bug: `INTERNAL`. */
export function toDvespError(value: unknown): DvespError {
  if (isDvespError(value)) return value;
  const message = value instanceof Error ? value.message : String(value);
  return new DvespError("INTERNAL", message, { cause: value });
}

/** Shorthand for the commonest refusal. */
export function invalid(message: string, field?: string): DvespError {
  return new DvespError("INVALID_ARGUMENT", message, field === undefined ? {} : { field });
}
