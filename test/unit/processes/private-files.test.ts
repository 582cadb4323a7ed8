import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import { keepSecret, readSecret, socketDirectory } from "../../../src/processes/index.js";

describe("private files", () => {
  let path: string;
  beforeEach(async () => void (path = await mkdtemp(join(tmpdir(), "dvesp-private-"))));
  afterEach(() => rm(path, { recursive: true, force: true }));

  it("makes a secret once, which only this user can read", async () => {
    const file = join(path, "secret");
    expect(await readSecret(file)).toBeUndefined();
    const secret = await keepSecret(file, seededRandom(1));
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await keepSecret(file, seededRandom(2))).toBe(secret);
    expect(await readSecret(file)).toBe(secret);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, "utf8")).trim()).toBe(secret);
  });

  it("refuses a file that holds no secret", async () => {
    const file = join(path, "secret");
    await writeFile(file, "x");
    const reading = keepSecret(file, seededRandom(1));
    await expect(reading).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
  });

  it("makes a directory of sockets below the data, or a short one where that is long", async () => {
    await mkdir(join(path, "cluster"));
    const near = await socketDirectory(path);
    expect(near).toBe(join(path, "cluster", "sockets"));
    expect((await stat(near)).mode & 0o777).toBe(0o700);
    const long = join(path, "d".repeat(100));
    await mkdir(join(long, "cluster"), { recursive: true });
    const far = await socketDirectory(long);
    expect(Buffer.byteLength(far)).toBeLessThan(80);
    expect(await socketDirectory(long)).toBe(far);
    expect((await stat(far)).mode & 0o777).toBe(0o700);
    await rm(far, { recursive: true });
  });

  it("uses no directory that others may enter", async () => {
    await mkdir(join(path, "cluster"));
    await chmod(await socketDirectory(path), 0o755);
    await expect(socketDirectory(path)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });
});
