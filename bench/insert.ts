/**
 * How long does a durable insert of many rows take, and where does the time go? In one process with a
 * clock at every seam (`phases`), through `open()`, and through REST with the client in a process of
 * its own; the latter two with searches beside.
 *
 *   npm run bench:insert -- [--what phases,open,rest] [--rows 10000] [--dimension 384] [--there 0]
 *     [--calls 20] [--rest-ms 500] [--searches 200] [--path DIRECTORY]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect, open } from "dvesp";
import type { VectorStore } from "dvesp";
import { machine } from "./figures.js";
import { runInserts } from "./insert-load.js";
import type { Figures } from "./insert-load.js";
import { runPhases } from "./insert-phases.js";

const { values } = parseArgs({
  options: {
    what: { type: "string", default: "phases,open,rest" },
    rows: { type: "string", default: "10000" },
    dimension: { type: "string", default: "384" },
    there: { type: "string", default: "0" },
    calls: { type: "string", default: "20" },
    "rest-ms": { type: "string", default: "500" },
    searches: { type: "string", default: "200" },
    path: { type: "string" },
  },
});

const options = {
  rows: Number(values.rows),
  dimension: Number(values.dimension),
  there: Number(values.there),
  calls: Number(values.calls),
  restMs: Number(values["rest-ms"]),
  searches: Number(values.searches),
};

async function run(what: string, directory: string): Promise<Figures> {
  switch (what) {
    case "phases":
      return runPhases({ ...options, directory: join(directory, "phases") });
    case "open":
      return inserting(await open({ path: join(directory, "open") }));
    case "rest":
      return throughRest(join(directory, "rest"));
    default:
      throw new Error(`--what ${what} is not known`);
  }
}

async function inserting(store: VectorStore): Promise<Figures> {
  try {
    return await runInserts(store, options);
  } finally {
    await store.close();
  }
}

async function throughRest(path: string): Promise<Figures> {
  const server = fork(fileURLToPath(new URL("./insert-server.js", import.meta.url)), [path]);
  try {
    const [address] = (await once(server, "message")) as [string];
    return await inserting(connect({ nodes: [address] }));
  } finally {
    server.send("stop");
    await once(server, "exit");
  }
}

const directory = mkdtempSync(join(values.path ?? tmpdir(), "dvesp-insert-"));
try {
  process.stdout.write(`${JSON.stringify({ machine: machine(), options })}\n`);
  for (const what of values.what.split(",")) {
    const figures = await run(what, directory);
    process.stdout.write(`${what}\n`);
    for (const [name, of] of Object.entries(figures)) {
      const shown = Object.entries(of).map(([unit, value]) => `${unit} ${value.toFixed(1)}`);
      process.stdout.write(`  ${name.padEnd(24)} ${shown.join("  ")}\n`);
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
