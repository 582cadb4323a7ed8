import { describe, expect, it } from "vitest";
import { parseByteSize } from "../../../src/cli/byte-size.js";

describe("a size as people write it", () => {
  it.each([
    ["64GiB", 64 * 2 ** 30],
    ["64 GB", 64 * 2 ** 30],
    ["1.5t", 1.5 * 2 ** 40],
    ["512", 512],
    ["8MiB", 8 * 2 ** 20],
  ])("%s", (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

  it.each(["", "GiB", "-1G", "1e9", "64 gigabytes"])("refuses %j", (text) =>
    expect(parseByteSize(text)).toBeUndefined(),
  );
});
