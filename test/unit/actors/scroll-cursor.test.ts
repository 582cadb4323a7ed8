import fc from "fast-check";
import { expect, it } from "vitest";
import { makeCursor, readCursor } from "../../../src/actors/searcher/scroll-cursor.js";

const id = fc.uint8Array({ minLength: 16, maxLength: 16 });

it("a cursor names the id it was made of", () => {
  fc.assert(
    fc.property(id, (bytes) => {
      expect(readCursor(makeCursor(bytes))).toEqual(bytes);
    }),
  );
});

it("a cursor is text that needs no escaping in a URL", () => {
  fc.assert(
    fc.property(id, (bytes) => {
      expect(makeCursor(bytes)).toMatch(/^[\w-]{22}$/);
    }),
  );
});

it.each([
  "",
  "x",
  "AAAAAAAAAAAAAAAAAAAAAA==",
  "AAAAAAAAAAAAAAAAAAAAA",
  "AAAAAAAAAAAAAAAAAAAAAB",
  "é".repeat(22),
])("%j is refused as a cursor", (text) => {
  expect(() => readCursor(text)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "cursor" }) as Error,
  );
});
