/**
 * Where the time of a large insert goes: the write path of one thread, run in this process over a real
 * directory, with a clock at each seam (disk, table, shared memory). Phases overlap, so their sum
 * may exceed the whole.
 */
import { performance } from "node:perf_hooks";
import { Replica } from "../dist/actors/replica/replica.js";
import { loadRows } from "../dist/actors/replica/load-rows.js";
import { prepareWrite } from "../dist/actors/collection/prepared-write.js";
import { SystemDisk, systemRandom, systemClock } from "../dist/base/index.js";
import type { Disk, DiskFile } from "../dist/base/index.js";
import { MerkleTree, makeVersion } from "../dist/consistency/index.js";
import { SharedRows } from "../dist/index/index.js";
import { AdmittedRows, ChangeLog } from "../dist/payload/index.js";
import { normaliseBody } from "../dist/protocol/index.js";
import { openRowStore } from "../dist/storage/index.js";
import { openLmdbTable } from "../dist/storage/lmdb-table.js";
import type { OpenTable } from "../dist/storage/table.js";
import { insertBody } from "./insert-body.js";
import { summary as summaryOf, type Figures, type InsertLoad } from "./insert-load.js";

export interface PhasesOptions extends Omit<InsertLoad, "searches"> {
  readonly directory: string;
}

/** Milliseconds by phase, of one call. */
type Phases = Map<string, number>;

class Stopwatch {
  phases: Phases = new Map();

  async time<T>(phase: string, task: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await task();
    } finally {
      this.add(phase, performance.now() - start);
    }
  }

  add(phase: string, ms: number): void {
    this.phases.set(phase, (this.phases.get(phase) ?? 0) + ms);
  }
}

/** The machine's disk, with the time of writes and of syncs taken. */
function timedDisk(watch: Stopwatch): Disk {
  const disk = new SystemDisk();
  const timed = (file: DiskFile): DiskFile => ({
    read: (target, position) => file.read(target, position),
    write: (bytes, position) => watch.time("append", () => file.write(bytes, position)),
    datasync: () => watch.time("fdatasync of vectors", () => file.datasync()),
    truncate: (size) => file.truncate(size),
    size: () => file.size(),
    close: () => file.close(),
  });
  return Object.assign(Object.create(disk) as Disk, {
    open: async (path: string, mode: "read" | "write" | "create") =>
      timed(await disk.open(path, mode)),
  });
}

function timedTable(watch: Stopwatch): OpenTable {
  return async (directory, disk, mode) => {
    const table = await openLmdbTable(directory, disk, mode);
    return {
      commit: (writes) => watch.time("lmdb", () => table.commit(writes)),
      snapshot: () => table.snapshot(),
      bytes: () => table.bytes(),
      close: () => table.close(),
    };
  };
}

class Bench {
  readonly #options: PhasesOptions;
  readonly #watch = new Stopwatch();
  #replica!: Replica;
  #version = 0;
  /** Made before the clock runs. */
  #body: Uint8Array | undefined;

  constructor(options: PhasesOptions) {
    this.#options = options;
  }

  async run(): Promise<Figures> {
    const { rows, there, calls, restMs } = this.#options;
    await this.#start();
    for (let done = 0; done < there; done += rows) await this.#call();
    const samples: Phases[] = [];
    for (let call = 0; call < calls; call++) {
      await new Promise((resolve) => setTimeout(resolve, restMs));
      this.#watch.phases = new Map();
      this.#body = insertBody(this.#options);
      const before = process.cpuUsage();
      await this.#call();
      const { user, system } = process.cpuUsage(before);
      this.#watch.add("cpu, all threads", (user + system) / 1000);
      samples.push(this.#watch.phases);
    }
    await this.#replica.close();
    return summary(samples);
  }

  async #start(): Promise<void> {
    const { directory, dimension } = this.#options;
    const disk = timedDisk(this.#watch);
    const openTable = timedTable(this.#watch);
    const store = await openRowStore({ directory, disk, openTable, dimension, mode: "write" });
    const rows = SharedRows.create({ dimension });
    const tree = new MerkleTree();
    const reserve = (count: number): Promise<void> => {
      rows.reserve(count);
      return Promise.resolve();
    };
    await loadRows({ store, rows, tree, reserve });
    const changes = ChangeLog.create();
    this.#replica = new Replica({
      ...{ store, rows, tree, clock: systemClock, reserve },
      ...{ changes, admitted: new AdmittedRows(changes) },
      committed: () => undefined,
      moved: () => undefined,
      fail: (error) => {
        throw error;
      },
    });
  }

  async #call(): Promise<void> {
    const { rows, dimension } = this.#options;
    const body = this.#body ?? insertBody({ rows, dimension });
    this.#body = undefined;
    const prepared = await this.#watch.time("decode", () =>
      prepareWrite(normaliseBody("insert", "bench", "msgpack", body), systemRandom),
    );
    const version = makeVersion(Date.now(), this.#version++, "bench");
    const operation_id = `o:${this.#version}`;
    const message = { type: "write", operation_id, version } as const;
    await this.#watch.time("commit", () =>
      this.#replica.write({ ...message, write: prepared.write }),
    );
  }
}

function summary(samples: readonly Phases[]): Figures {
  const names = new Set(samples.flatMap((phases) => [...phases.keys()]));
  return Object.fromEntries(
    [...names].map((name) => {
      const times = samples.map((phases) => phases.get(name) ?? 0);
      return [name, summaryOf(times)];
    }),
  );
}

export function runPhases(options: PhasesOptions): Promise<Figures> {
  return new Bench(options).run();
}
