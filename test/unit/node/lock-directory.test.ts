import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import type { NodeEnvironment } from "../../../src/node/environment.js";
import { lockDirectory } from "../../../src/node/lock-directory.js";

/** An environment whose disk makes no directory. */
function withoutDirectory(code: string): NodeEnvironment {
  const failure = Object.assign(new Error(`${code}: mkdir`), { code });
  const disk = { makeDirectory: () => Promise.reject(failure) };
  return { clock: new VirtualClock(), storage: { disk } } as unknown as NodeEnvironment;
}

describe("lockDirectory", () => {
  it.each([
    ["EEXIST", "INVALID_ARGUMENT"],
    ["ENOTDIR", "INVALID_ARGUMENT"],
    ["EACCES", "INVALID_ARGUMENT"],
    ["ENOSPC", "STORAGE_FULL"],
    ["EIO", "INTERNAL"],
  ])("says of a directory that cannot be made (%s): %s", async (given, code) => {
    const locked = lockDirectory("data", withoutDirectory(given), 0);
    await expect(locked).rejects.toMatchObject({ code });
  });
});
