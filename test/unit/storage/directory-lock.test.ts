import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import { acquireDirectoryLock } from "../../../src/storage/index.js";

describe("the lock of a data directory", () => {
  const clock = new VirtualClock(Date.UTC(2025, 0, 1));
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "dvesp-lock-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("is refused to a second opener of the same process, who learns who has it", () => {
    const lock = acquireDirectoryLock(directory, clock);
    expect(() => acquireDirectoryLock(directory, clock)).toThrow(
      new RegExp(`is held by process ${process.pid} on .*, this process, since 2025-01-01T00:00`),
    );
    lock.release();
    lock.release();
    acquireDirectoryLock(directory, clock).release();
  });

  it("says in its file who has it, whatever stood there before", async () => {
    await writeFile(join(directory, "LOCK"), "x".repeat(500));
    const lock = acquireDirectoryLock(directory, clock);
    const text = await readFile(join(directory, "LOCK"), "utf8");
    expect(JSON.parse(text)).toMatchObject({ pid: process.pid, started_ms: clock.now() });
    lock.release();
  });

  it("is refused also when its file says nothing that makes sense", async () => {
    const lock = acquireDirectoryLock(directory, clock);
    await writeFile(join(directory, "LOCK"), "{");
    expect(() => acquireDirectoryLock(directory, clock)).toThrow(/held by another process/);
    lock.release();
  });

  it("has the code of its kind", () => {
    const lock = acquireDirectoryLock(directory, clock);
    let code: unknown;
    try {
      acquireDirectoryLock(directory, clock);
    } catch (error) {
      code = (error as { code: unknown }).code;
    }
    expect(code).toBe("DIRECTORY_LOCKED");
    lock.release();
  });

  it("cannot be taken of a directory that is not there", () => {
    expect(() => acquireDirectoryLock(join(directory, "none"), clock)).toThrow(/ENOENT/);
  });
});
