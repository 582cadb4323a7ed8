import { describe, expect, it } from "vitest";
import { answerFormat, bodyFormat } from "../../../src/http/media-type.js";

describe("media types", () => {
  it.each([
    [undefined, "json"],
    ["application/json", "json"],
    ["APPLICATION/JSON;charset=utf-8", "json"],
    ['application/json ; charset="UTF-8"', "json"],
    ["application/msgpack", "msgpack"],
    ["application/x-msgpack", "msgpack"],
  ])("of the body %j is %s", (header, format) => {
    expect(bodyFormat(header)).toBe(format);
  });

  it.each(["", "text/json", "application/json; charset=utf-16", "application/cbor", "*/*", ";"])(
    "of the body %j is refused",
    (header) => {
      expect(() => bodyFormat(header)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    },
  );

  it.each([
    [undefined, "msgpack", "msgpack"],
    ["", "json", "json"],
    ["*/*", "msgpack", "msgpack"],
    ["application/*", "msgpack", "msgpack"],
    ["application/json", "msgpack", "json"],
    ["application/msgpack", "json", "msgpack"],
    ["application/x-msgpack, application/json;q=0.5", "json", "msgpack"],
    ["application/msgpack;q=0.3, application/json;q=0.9", "msgpack", "json"],
    ["application/msgpack, application/json", "json", "json"],
    ["*/*;q=0.1, application/json", "msgpack", "json"],
    ["application/json;q=0, */*", "json", "msgpack"],
    ["text/html, application/xhtml+xml, */*;q=0.8", "json", "json"],
  ] as const)("accepted as %j, liking %s, is %s", (header, preferred, format) => {
    expect(answerFormat(header, preferred)).toBe(format);
  });

  it.each(["text/html", "application/json;q=0", "application/json;q=x", "image/*", ","])(
    "accepted as %j is refused",
    (header) => {
      expect(() => answerFormat(header, "json")).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    },
  );
});
