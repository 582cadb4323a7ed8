/**
 * MessagePack to plain values, and over them without making any. Both bound how deep and how much
 * they go: what comes in has been checked by nobody.
 */
import { DvespError } from "../base/index.js";
import { MsgpackCursor, Token } from "./msgpack-cursor.js";

/** Nesting of a whole body: metadata at its deepest inside an answer, with room to spare. */
const bodyDepthMax = 128;
/** Values of one body that become objects of their own; a hostile body is millions of empty maps. */
const bodyValuesMax = 8 * 1024 * 1024;

/** What may still be made of one body. */
export interface ValueBudget {
  values: number;
}

export function bodyBudget(): ValueBudget {
  return { values: bodyValuesMax };
}

/** Decodes one value that is all of `bytes`; binaries come out as views of them. */
export function readMsgpack(bytes: Uint8Array): unknown {
  const cursor = new MsgpackCursor(bytes);
  const value = readValue(cursor);
  expectEnd(cursor);
  return value;
}

export function expectEnd(cursor: MsgpackCursor): void {
  if (!cursor.atEnd) throw cursor.fail("something follows the value");
}

/** Decodes the value at the cursor, on the budget of the body that it stands in. */
export function readValue(cursor: MsgpackCursor, budget = bodyBudget()): unknown {
  return read(cursor, bodyDepthMax, budget);
}

function read(cursor: MsgpackCursor, depth: number, budget: ValueBudget): unknown {
  const kind = cursor.next();
  switch (kind) {
    case Token.nil:
      return null;
    case Token.boolean:
      return cursor.value === 1;
    case Token.number:
      return cursor.value;
    case Token.string:
      return cursor.string();
    case Token.binary:
      return cursor.binary();
    case Token.array:
      return readArray(cursor, spend(cursor, depth, budget), budget);
    case Token.map:
      return readMap(cursor, spend(cursor, depth, budget), budget);
  }
}

function spend(cursor: MsgpackCursor, depth: number, budget: ValueBudget): number {
  if (depth === 0) throw cursor.fail(`nested deeper than ${bodyDepthMax}`);
  budget.values -= cursor.value + 1;
  if (budget.values < 0) throw new DvespError("TOO_LARGE", "the body holds too many values");
  return depth - 1;
}

function readArray(cursor: MsgpackCursor, depth: number, budget: ValueBudget): unknown[] {
  const items = new Array<unknown>(cursor.value);
  for (let index = 0; index < items.length; index++) items[index] = read(cursor, depth, budget);
  return items;
}

function readMap(
  cursor: MsgpackCursor,
  depth: number,
  budget: ValueBudget,
): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let left = cursor.value; left > 0; left--) {
    const key = cursor.key();
    object[key] = read(cursor, depth, budget);
  }
  return object;
}

/**
 * Passes over the value at the cursor. True when it is JSON at most `depth` containers deep; false
 * when it holds binary or a number that is not finite, or goes deeper: then the cursor stands
 * somewhere inside it.
 */
export function skipJson(cursor: MsgpackCursor, depth: number): boolean {
  switch (cursor.next()) {
    case Token.nil:
    case Token.boolean:
      return true;
    case Token.number:
      return Number.isFinite(cursor.value);
    case Token.string:
      cursor.skipString();
      return true;
    case Token.binary:
      return false;
    case Token.array:
      return skipItems(cursor, depth, false);
    case Token.map:
      return skipItems(cursor, depth, true);
  }
}

function skipItems(cursor: MsgpackCursor, depth: number, keyed: boolean): boolean {
  if (depth === 0) return false;
  for (let left = cursor.value; left > 0; left--) {
    if (keyed) cursor.skipKey();
    if (!skipJson(cursor, depth - 1)) return false;
  }
  return true;
}
