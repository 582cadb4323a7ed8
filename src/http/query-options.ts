/** Options of a read that come in the query part of its URL, as text. */
import { invalid } from "../base/index.js";
import type { ConsistencyLevel, GetRequest } from "../protocol/index.js";

type QueryOptions = Omit<GetRequest, "collection" | "ids">;

const readers: {
  readonly [name in keyof Required<QueryOptions>]: (
    text: string,
    name: string,
  ) => QueryOptions[name];
} = {
  // Whether it is one of the levels is checked with everything else, by the store.
  consistency_level: (text) => text as ConsistencyLevel,
  after: (text) => text,
  timeout_ms: readNumber,
  include_vectors: readBoolean,
  include_metadata: readBoolean,
};

/** Errors: `INVALID_ARGUMENT` for an option that is not known, given twice, or of the wrong form. */
export function readOptions(query: URLSearchParams): QueryOptions {
  const options: Record<string, unknown> = {};
  for (const [name, text] of query) {
    if (!Object.hasOwn(readers, name)) throw invalid(`there is no option ${name}`, name);
    if (Object.hasOwn(options, name)) throw invalid(`option ${name} is given twice`, name);
    options[name] = readers[name as keyof QueryOptions](text, name);
  }
  return options;
}

function readNumber(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw invalid(`${name} is a number`, name);
  return value;
}

function readBoolean(text: string, name: string): boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  throw invalid(`${name} is true or false`, name);
}
