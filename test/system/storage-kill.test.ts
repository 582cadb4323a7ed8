/** Processes that die: what they acknowledged is there, what they held is free. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../src/base/index.js";
import { killPrograms, runProgram } from "./storage-process.js";

const seed = Number(process.env.SEED ?? 3);

const writeForever = `
const store = await open(args[0], "write");
await check(store);
console.log(store.nextOrdinal);
for (let turn = 0; ; turn++) {
  await store.commit(batchOf(store.nextOrdinal, 1 + ((turn * 37) % 300)));
  console.log(store.nextOrdinal);
}
`;

const checkOnce = `
const store = await open(args[0], "write");
console.log(await check(store));
await store.close();
`;

const holdLock = `
acquireDirectoryLock(args[0], systemClock);
console.log("locked");
setInterval(() => undefined, 1000);
`;

const tryLock = `
try {
  acquireDirectoryLock(args[0], systemClock);
  console.log("locked");
} catch (error) {
  console.log(error.code + " " + error.message);
}
`;

describe(`processes that are killed (SEED=${seed})`, () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "dvesp-kill-"));
  });
  afterEach(async () => {
    await killPrograms();
    await rm(directory, { recursive: true });
  });

  it("lose nothing that they acknowledged, and leave no half of a batch", async () => {
    const random = seededRandom(seed);
    let acknowledged = 0;
    for (let life = 0; life < 8; life++) {
      const writer = runProgram(writeForever, [directory]);
      await writer.line(2 + randomBelow(random, 40));
      writer.child.kill("SIGKILL");
      expect(await writer.ended).toBe("SIGKILL");
      expect(Number(writer.lines[0])).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = Number(writer.lines.at(-1));
    }
    const checker = runProgram(checkOnce, [directory]);
    expect(await checker.ended, checker.errors).toBe(0);
    expect(Number(checker.lines[0])).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(1000);
  });

  it("keep others from their directory while they live, and no longer", async () => {
    const holder = runProgram(holdLock, [directory]);
    await holder.line(1);
    const refused = runProgram(tryLock, [directory]);
    await refused.ended;
    expect(refused.lines[0]).toMatch(/^DIRECTORY_LOCKED .*held by process \d+ on /);
    expect(refused.lines[0]).toContain(`process ${holder.child.pid} on`);
    holder.child.kill("SIGKILL");
    await holder.ended;
    const next = runProgram(tryLock, [directory]);
    await next.ended;
    expect(next.lines[0]).toBe("locked");
  });
});
