/** Programs on the compiled store, run in processes and threads of their own by tests of storage. */
import { spawn, type ChildProcess } from "node:child_process";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const dist = resolve(import.meta.dirname, "../../dist");

/** What the programs begin with: the store, and rows whose content follows from their ordinal. */
export const preamble = `
import { openRowStore, acquireDirectoryLock, vectorCrc, bytesCrc } from ${JSON.stringify(
  pathToFileURL(resolve(dist, "storage/index.js")).href,
)};
import { closeNativeGate, nativeGate, systemClock, systemDisk, useNativeGate } from ${JSON.stringify(
  pathToFileURL(resolve(dist, "base/index.js")).href,
)};
const dimension = 32;
function vectorOf(ordinal) {
  return Float32Array.from({ length: dimension }, (_, at) => Math.fround(Math.sin(ordinal * 31 + at)));
}
function idOf(ordinal) {
  const id = Buffer.alloc(16);
  id.writeUInt32LE(Math.imul(ordinal, 2654435761) >>> 0, 0);
  id.writeUInt32LE(ordinal, 12);
  return id;
}
function rowOf(ordinal) {
  const metadata = Buffer.from("metadata of row " + ordinal);
  const vector = vectorOf(ordinal);
  return { ordinal, id: idOf(ordinal), version: "v" + ordinal, metadata,
    vectorCrc: vectorCrc(vector, 0, dimension), metadataCrc: bytesCrc(metadata) };
}
function batchOf(first, count) {
  const vectors = new Float32Array(count * dimension);
  const puts = [];
  for (let index = 0; index < count; index++) {
    vectors.set(vectorOf(first + index), index * dimension);
    puts.push(rowOf(first + index));
  }
  return { vectors, puts, removes: [], tombstones: [], untombstone: [], leaves: [], operations: [],
    appliedVersion: "v" + (first + count), nowMs: 1 };
}
function open(directory, mode) {
  return openRowStore({ directory, disk: systemDisk, dimension, mode, reserveBytes: 0,
    vectorFileBytes: 4096 + 1000 * dimension * 4 });
}
/** Throws unless every row is whole. How many there are. */
async function check(store) {
  const snapshot = store.snapshot();
  let count = 0;
  for (const row of snapshot.scan(0)) {
    const wanted = rowOf(row.ordinal);
    if (row.ordinal !== count++) throw new Error("row " + row.ordinal + " where " + (count - 1) + " should be");
    if (row.version !== wanted.version || !wanted.metadata.equals(row.metadata) || !wanted.id.equals(row.id) ||
      snapshot.ordinalOf(row.id) !== row.ordinal) throw new Error("row " + row.ordinal + " is not whole");
  }
  if (count !== snapshot.rows || count !== snapshot.nextOrdinal) throw new Error("counts differ");
  snapshot.release();
  await store.loadVectors(0, count, (first, rows) => {
    for (let index = 0; index * dimension < rows.length; index++) {
      const wanted = vectorOf(first + index);
      for (let at = 0; at < dimension; at++) {
        if (rows[index * dimension + at] !== wanted[at]) throw new Error("vector " + (first + index));
      }
    }
  });
  return count;
}
`;

/** Runs `program` (after the preamble) in a process of its own; its lines come one by one. */
export function runProgram(program: string, args: readonly string[]): RunningProgram {
  const source = `${preamble}\nconst args = process.argv.slice(1);\n${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new RunningProgram(child);
}

const running = new Set<RunningProgram>();

/** Kills the programs that a failed test left behind. */
export async function killPrograms(): Promise<void> {
  for (const program of running) {
    program.child.kill("SIGKILL");
    await program.ended;
  }
}

export class RunningProgram {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  errors = "";
  readonly ended: Promise<number | NodeJS.Signals | null>;
  #waiting: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    running.add(this);
    let partial = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      const parts = (partial + chunk.toString()).split("\n");
      partial = parts.pop() ?? "";
      this.lines.push(...parts);
      this.#wake();
    });
    child.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    this.ended = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        running.delete(this);
        resolve(signal ?? code);
        this.#wake();
      });
    });
  }

  /** Resolves when there are `count` lines; rejects when the program ends before. */
  async line(count: number): Promise<string> {
    while (this.lines.length < count) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the program ended after ${this.lines.length} lines: ${this.errors}`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.lines[count - 1]!;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
