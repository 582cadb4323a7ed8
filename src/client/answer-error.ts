/**
 * Refusals of a node as errors: the same code, message and field as its own store would throw.
 * What is not a problem document of ours (a proxy spoke, or a version that knows more codes than we
 * do) becomes the code that its status says, and `INTERNAL` where it says nothing.
 */
import { DvespError, errorCodes } from "../base/index.js";
import type { ErrorCode } from "../base/index.js";
import { problemMediaType } from "../protocol/index.js";
import type { WireAnswer } from "./transport.js";

const codeOfStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [409, "ALREADY_EXISTS"],
  [412, "VERSION_CONFLICT"],
  [413, "TOO_LARGE"],
  [429, "OVERLOADED"],
  [502, "CLOSED"],
  [503, "CLOSED"],
  [504, "TIMEOUT"],
  [507, "STORAGE_FULL"],
]);

/** The error in an answer whose status is not a success. */
export function answerError(answer: WireAnswer): DvespError {
  const problem = readProblem(answer);
  const retryAfterMs = numberIn(problem, "retry_after_ms") ?? answer.retryAfterMs;
  const field = textIn(problem, "field");
  const requestId = textIn(problem, "request_id");
  const code = knownCode(problem["code"]) ?? codeOfStatus.get(answer.status) ?? "INTERNAL";
  const detail = textIn(problem, "detail") ?? `a node answered with status ${answer.status}`;
  const message =
    code === "INTERNAL" && requestId !== undefined ? `${detail} (request ${requestId})` : detail;
  return new DvespError(code, message, {
    ...(field === undefined ? {} : { field }),
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
  });
}

function readProblem({ contentType, body }: WireAnswer): Record<string, unknown> {
  if (!contentType.startsWith(problemMediaType)) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function knownCode(value: unknown): ErrorCode | undefined {
  return errorCodes.find((code) => code === value);
}

function textIn(problem: Record<string, unknown>, name: string): string | undefined {
  const value = problem[name];
  return typeof value === "string" ? value : undefined;
}

function numberIn(problem: Record<string, unknown>, name: string): number | undefined {
  const value = problem[name];
  return typeof value === "number" ? value : undefined;
}
