/** From a schema and a value to the checked value, or to one error in the store's own form. */
import type { z } from "zod";
import { invalid, type DvespError } from "../base/index.js";
import { refusal } from "./refusal.js";

/** `value` as `schema` gives it. Errors: `INVALID_ARGUMENT` with the path of the first offence. */
export function checkShape<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  field = "",
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw firstOffence(result.error, field);
}

function firstOffence(error: z.ZodError, field: string): DvespError {
  const [issue] = error.issues;
  if (!issue) return invalid("the request is not valid");
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]] : issue.path;
  const at = path.reduce<string>(extendPath, field);
  const message =
    issue.code === "unrecognized_keys" ? "is not a known member" : `is not valid: ${issue.message}`;
  return at === "" ? invalid(`the request: ${message}`) : refusal(at, message);
}

function extendPath(path: string, part: PropertyKey | undefined): string {
  if (typeof part === "number") return `${path}[${part}]`;
  return path === "" ? String(part) : `${path}.${String(part)}`;
}
