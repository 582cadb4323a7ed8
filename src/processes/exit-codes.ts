/**
 * What a node process says by its exit code to the process that supervises it. Numbers as in
 * sysexits.h, so that people and other supervisors know them too.
 */
import type { ErrorCode } from "../base/index.js";

const dataError = 65;
const configurationError = 78;

/** Errors that the next start would meet again: starting anew is no help. */
const forGood: Readonly<Partial<Record<ErrorCode, number>>> = {
  DATA_CORRUPTED: dataError,
  INVALID_ARGUMENT: configurationError,
  PERMISSION_DENIED: configurationError,
};

/** The exit code of a node process that could not go on because of `code`. */
export function exitCodeOf(code: ErrorCode): number {
  return forGood[code] ?? 1;
}

/** Why a process with this exit code is not started again, if so. */
export function whyForGood(exitCode: number | null): "data" | "configuration" | undefined {
  if (exitCode === dataError) return "data";
  return exitCode === configurationError ? "configuration" : undefined;
}
