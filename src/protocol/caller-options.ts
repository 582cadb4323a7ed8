/**
 * Checks what whoever opens, serves or connects says, before anything is made: a name that is not known
 * is refused, so that a slip of the pen is not taken for a wish for the default.
 */
import { z } from "zod";
import { invalid } from "../base/index.js";
import { checkShape } from "./check-shape.js";
import { isPlainObject } from "./plain-object.js";
import { consistencyLevel, timeoutMs } from "./request-schemas.js";

/** What only code can hand over: it is typed there, and passed on as it is. */
const given = z.unknown().optional();
const count = z.number().int().nonnegative();

const nodeOptions = z.strictObject({
  path: z.string().min(1),
  threads: count.optional(),
  build_threads: count.optional(),
  split_rows: z.number().int().positive().optional(),
  test_hooks: z.boolean().optional(),
  cluster: given,
});

const openOptions = nodeOptions.extend({
  caller_thread_ms: z.number().nonnegative().optional(),
});

const serveOptions = nodeOptions.extend({
  host: z.string().min(1).optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  api_key: z.string().min(1).optional(),
  log_level: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).optional(),
});

const connectOptions = z.strictObject({
  nodes: z.array(z.string().min(1)).min(1),
  consistency_level: consistencyLevel.optional(),
  api_key: z.string().min(1).optional(),
  timeout_ms: timeoutMs.optional(),
  format: z.enum(["json", "msgpack"]).optional(),
  hedge_after_ms: z.number().nonnegative().optional(),
  transport: given,
  clock: given,
  random: given,
});

const expressOptions = z.strictObject({
  api_key: z.string().min(1).optional(),
  allowed_hosts: z.array(z.string().min(1)).min(1).optional(),
});

/** Errors: `INVALID_ARGUMENT` with the name of the option. */
export function checkOpenOptions(options: unknown): void {
  check(openOptions, options);
}

/** Errors: as `checkOpenOptions`. */
export function checkServeOptions(options: unknown): void {
  check(serveOptions, options);
}

/** Errors: as `checkOpenOptions`. */
export function checkConnectOptions(options: unknown): void {
  check(connectOptions, options);
}

/** Errors: as `checkOpenOptions`. */
export function checkExpressOptions(options: unknown): void {
  check(expressOptions, options);
}

function check(schema: z.ZodType, options: unknown): void {
  if (!isPlainObject(options)) throw invalid("the options are an object");
  checkShape(schema, options);
}
