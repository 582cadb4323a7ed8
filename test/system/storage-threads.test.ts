/** One writer, readers and terminated writers on threads of one process. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../src/base/index.js";
import { killPrograms, preamble, runProgram } from "./storage-process.js";

const seed = Number(process.env.SEED ?? 5);

/** Starts a worker thread on a program of its own, which has the preamble too. */
const threads = `
const { Worker } = await import("node:worker_threads");
const { once } = await import("node:events");
function thread(program) {
  const source = ${JSON.stringify(preamble)} +
    'import { parentPort, workerData } from "node:worker_threads";\\n' + program;
  return new Worker(new URL("data:text/javascript," + encodeURIComponent(source)), { workerData: args[0] });
}
async function answer(worker) { return (await once(worker, "message"))[0]; }
`;

const readerThread = `
const store = await open(workerData, "read");
parentPort.on("message", async (message) => {
  if (message === "close") { await store.close(); parentPort.close(); return; }
  // Several looks within one turn, each of which must be the newest commit.
  const looks = [];
  for (let look = 0; look < 3; look++) {
    const snapshot = store.snapshot();
    looks.push(snapshot.rows);
    snapshot.release();
  }
  looks.push(await check(store));
  parentPort.postMessage(looks);
});
parentPort.postMessage("ready");
`;

const readBesideWriter = `
const store = await open(args[0], "write");
const readers = [thread(${JSON.stringify(readerThread)}), thread(${JSON.stringify(readerThread)})];
await Promise.all(readers.map(answer));
for (let turn = 0; turn < 60; turn++) {
  await store.commit(batchOf(store.nextOrdinal, 1 + ((turn * 37) % 100)));
  const looks = readers.map((reader) => { reader.postMessage("look"); return answer(reader); });
  for (const look of await Promise.all(looks)) {
    if (look.some((rows) => rows !== store.rows)) throw new Error(look + " instead of " + store.rows);
  }
}
for (const reader of readers) reader.postMessage("close");
await store.close();
console.log("done " + (await Promise.all(readers.map((reader) => once(reader, "exit")))).flat());
`;

const readWhileWriting = `
const store = await open(args[0], "write");
const reader = thread(${JSON.stringify(readerThread)});
await answer(reader);
let committing = true;
const writing = (async () => {
  for (let turn = 0; turn < 80; turn++) await store.commit(batchOf(store.nextOrdinal, 200));
  committing = false;
})();
let looks = 0;
for (let last = 0; committing; looks++) {
  const before = store.rows;
  reader.postMessage("look");
  const seen = await answer(reader);
  if (seen[0] < before || seen.at(-1) < seen[0] || seen[0] < last) throw new Error(seen + " after " + before);
  last = seen.at(-1);
}
await writing;
reader.postMessage("close");
await once(reader, "exit");
await store.close();
console.log(looks);
`;

const writerThread = `
const store = await open(workerData, "write");
parentPort.postMessage(store.nextOrdinal);
for (;;) {
  await store.commit(batchOf(store.nextOrdinal, 2000));
  parentPort.postMessage(store.nextOrdinal);
}
`;

const terminateWriters = `
const reader = await (async () => {
  const first = await open(args[0], "write");
  await first.close();
  return open(args[0], "read");
})();
for (const [turn, delayMs] of args[1].split(",").map(Number).entries()) {
  const writer = thread(${JSON.stringify(writerThread)});
  let acknowledged = 0;
  writer.on("message", (nextOrdinal) => (acknowledged = nextOrdinal));
  await once(writer, "message");
  // Every second one has made a commit, however slow the machine is.
  if (turn % 2 === 1) await once(writer, "message");
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  const ended = once(writer, "exit");
  await writer.terminate();
  await ended;
  if (reader.rows < acknowledged) throw new Error(reader.rows + " of " + acknowledged);
  await check(reader);
}
const last = await open(args[0], "write");
await last.commit(batchOf(last.nextOrdinal, 10));
console.log(await check(last));
await last.close();
await reader.close();
`;

describe(`threads on one store (SEED=${seed})`, () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "dvesp-threads-"));
  });
  afterEach(async () => {
    await killPrograms();
    await rm(directory, { recursive: true });
  });

  async function run(program: string, ...args: string[]): Promise<string> {
    const running = runProgram(threads + program, [directory, ...args]);
    expect(await running.ended, running.errors).toBe(0);
    return running.lines.join("\n");
  }

  it("see each commit as soon as its promise has resolved elsewhere", async () => {
    expect(await run(readBesideWriter)).toBe("done 0,0");
  });

  it("see whole commits, and never an older one, while one of them writes", async () => {
    expect(Number(await run(readWhileWriting))).toBeGreaterThan(3);
  });

  it("leave the store to the next writer when they are terminated at any moment", async () => {
    const random = seededRandom(seed);
    const delays = Array.from({ length: 25 }, () => randomBelow(random, 120));
    const rows = Number(await run(terminateWriters, delays.join(",")));
    expect(rows).toBeGreaterThanOrEqual(12 * 2000 + 10);
  });
});
