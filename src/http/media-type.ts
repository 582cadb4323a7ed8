/** Which encoding a caller speaks, and which it wants to hear (RFC 9110, Content-Type and Accept). */
import { invalid } from "../base/index.js";
import type { BodyFormat } from "../protocol/index.js";

const formats: ReadonlyMap<string, BodyFormat> = new Map([
  ["application/json", "json"],
  ["application/msgpack", "msgpack"],
  ["application/x-msgpack", "msgpack"],
]);

export const contentTypeOf: Readonly<Record<BodyFormat, string>> = {
  json: "application/json",
  msgpack: "application/msgpack",
};

export const problemContentType = "application/problem+json";

/** Format of a body from its `Content-Type`; JSON when absent. Errors: `INVALID_ARGUMENT`. */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  if (contentType === undefined) return "json";
  const plain = formats.get(contentType);
  if (plain !== undefined) return plain;
  const { name, parameters } = parseMediaRange(contentType);
  const format = formats.get(name);
  if (format === undefined) {
    const known = "send application/json or application/msgpack";
    throw invalid(`content type ${JSON.stringify(contentType)} is not known: ${known}`);
  }
  const charset = parameters.get("charset");
  if (format === "json" && charset !== undefined && charset.toLowerCase() !== "utf-8") {
    throw invalid(`JSON is UTF-8 (RFC 8259), not ${JSON.stringify(charset)}`);
  }
  return format;
}

/**
 * Format for the answer: what `Accept` likes best; `preferred` where it does not mind.
 * Errors: `INVALID_ARGUMENT` when it takes neither.
 */
export function answerFormat(accept: string | undefined, preferred: BodyFormat): BodyFormat {
  if (accept === undefined || accept === "" || accept === "*/*") return preferred;
  const plain = formats.get(accept);
  if (plain !== undefined) return plain;
  const other: BodyFormat = preferred === "json" ? "msgpack" : "json";
  const ranges = accept.split(",").map(parseMediaRange);
  const likesPreferred = quality(ranges, preferred);
  const likesOther = quality(ranges, other);
  if (likesPreferred === 0 && likesOther === 0) {
    const known = "answers are application/json or application/msgpack";
    throw invalid(`nothing in accept ${JSON.stringify(accept)} fits: ${known}`);
  }
  return likesOther > likesPreferred ? other : preferred;
}

interface MediaRange {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function parseMediaRange(text: string): MediaRange {
  const [name = "", ...rest] = text.split(";");
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [key = "", value = ""] = parameter.split("=", 2);
    parameters.set(key.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1"));
  }
  return { name: name.trim().toLowerCase(), parameters };
}

/** How much a format is wanted, 0 to 1: the most specific range that covers it decides. */
function quality(ranges: readonly MediaRange[], format: BodyFormat): number {
  let bestRank = 0;
  let best = 0;
  for (const range of ranges) {
    const rank = specificity(range.name, format);
    if (rank === 0 || rank < bestRank) continue;
    const value = weight(range);
    best = rank > bestRank ? value : Math.max(best, value);
    bestRank = rank;
  }
  return best;
}

function specificity(name: string, format: BodyFormat): 0 | 1 | 2 | 3 {
  if (formats.get(name) === format) return 3;
  if (name === "application/*") return 2;
  return name === "*/*" ? 1 : 0;
}

function weight(range: MediaRange): number {
  const given = range.parameters.get("q");
  if (given === undefined) return 1;
  const value = Number(given);
  return value >= 0 && value <= 1 ? value : 0;
}
