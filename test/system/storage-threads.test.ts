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
    'import { parentPort, workerData } from "node:worker_threads";\\n' +
    'useNativeGate(workerData.gate);\\n' + program;
  const workerData = { directory: args[0], gate: nativeGate() };
  const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(source)), { workerData });
  // As hosts of actors are ended.
  worker.end = async () => {
    const ended = once(worker, "exit");
    await closeNativeGate(workerData.gate, systemClock, 2000);
    await worker.terminate();
    await ended;
  };
  return worker;
}
async function answer(worker) { return (await once(worker, "message"))[0]; }
`;

const readerThread = `
const store = await open(workerData.directory, "read");
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
const store = await open(workerData.directory, "write");
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
  await writer.end();
  if (reader.rows < acknowledged) throw new Error(reader.rows + " of " + acknowledged);
  await check(reader);
}
const last = await open(args[0], "write");
await last.commit(batchOf(last.nextOrdinal, 10));
console.log(await check(last));
await last.close();
await reader.close();
`;

/** Reads and writes without a pause: nearly always within LMDB. */
const busyThread = `
const store = await open(workerData.directory, "write");
parentPort.postMessage("busy");
for (;;) {
  await store.commit(batchOf(store.nextOrdinal, 20));
  for (let look = 0; look < 50; look++) {
    const snapshot = store.snapshot();
    for (const row of snapshot.scan(Math.max(0, snapshot.nextOrdinal - 100))) snapshot.ordinalOf(row.id);
    snapshot.release();
  }
}
`;

const terminateBusyThreads = `
for (const delayMs of args[1].split(",").map(Number)) {
  const busy = thread(${JSON.stringify(busyThread)});
  await answer(busy);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await busy.end();
}
const last = await open(args[0], "write");
console.log(await check(last));
await last.close();
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

  it("end without the process when they are terminated while they read and write", async () => {
    const random = seededRandom(seed);
    const delays = Array.from({ length: 40 }, () => randomBelow(random, 30));
    expect(Number(await run(terminateBusyThreads, delays.join(",")))).toBeGreaterThan(0);
  });
});
