/**
 * What does an index of engine `shared` cost over its life, and does it keep its promise? Rows are
 * taken in by slices that take turns with upkeep, as the index builder does it; then it is closed,
 * opened again from its snapshot, and searched. Printed are times, bytes, and for each effort the
 * recall that calibration measured beside the one that real queries get.
 *
 *   npm run bench:lifecycle -- --train F.fbin --queries Q.fbin --truth T.ibin --metric l2
 *     [--queries-max 500] [--json FILE]
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { SystemDisk } from "../dist/base/index.js";
import { SharedRows, attachReader, openBuilder, selectIndex } from "../dist/index/index.js";
import type { IndexEvent, IndexReader } from "../dist/index/index.js";
import { readMatrix, readTruth, rowOf } from "./data-set.js";
import { machine } from "./figures.js";
import { metricOf, required } from "./options.js";

const topK = 10;
const sliceRows = 512;

const { values: options } = parseArgs({
  options: {
    train: { type: "string" },
    queries: { type: "string" },
    truth: { type: "string" },
    metric: { type: "string", default: "l2" },
    "queries-max": { type: "string", default: "500" },
    json: { type: "string" },
  },
});

const figures: Record<string, number> = {};
function report(name: string, value: number): void {
  figures[name] = value;
  console.log(`${name}: ${value.toPrecision(4)}`);
}

async function seconds<Result>(name: string, task: () => Promise<Result>): Promise<Result> {
  const began = performance.now();
  const result = await task();
  report(name, (performance.now() - began) / 1000);
  return result;
}

const metric = metricOf(options.metric);
const { rows: count, dimension, data } = readMatrix(required(options, "train"));
const queryMatrix = readMatrix(required(options, "queries"));
const queryCount = Math.min(Number(options["queries-max"]), queryMatrix.rows);
const queries = Array.from({ length: queryCount }, (_, row) => rowOf(queryMatrix, row));
const truth = readTruth(required(options, "truth"), topK).slice(0, queryCount);
const directory = mkdtempSync(join(tmpdir(), "dvesp-bench-"));
const rows = SharedRows.create({ dimension });
rows.reserve(count);
rows.write(0, data);
rows.publish(count);
rows.commit(count);
const spec = selectIndex({ dimension, metric, index: { type: "hnsw" } }, count);
const events: IndexEvent[] = [];
const disk = new SystemDisk();
const open = () =>
  openBuilder({ spec, rows, directory, disk, onEvent: (event) => events.push(event) });

const builder = await open();
let addingMs = 0;
let upkeepMs = 0;
let longestMs = 0;
while (builder.indexed < count) {
  const began = performance.now();
  await builder.add(sliceRows);
  const added = performance.now();
  while ((await builder.upkeep("busy")) === "now") {
    if (performance.now() - added > added - began) break;
  }
  addingMs += added - began;
  upkeepMs += performance.now() - added;
  longestMs = Math.max(longestMs, performance.now() - added);
}
report("adding_s", addingMs / 1000);
report("adding_us_per_row", (addingMs * 1000) / count);
report("upkeep_while_adding_s", upkeepMs / 1000);
report("longest_upkeep_between_slices_ms", longestMs);
await seconds("upkeep_after_the_last_row_s", async () => {
  while ((await builder.upkeep("busy")) === "now");
});
await seconds("close_s", () => builder.close());
const written = events.map((event) => (event.type === "index_snapshot_written" ? event.bytes : 0));
report("snapshot_bytes_written_per_row", written.reduce((sum, one) => sum + one, 0) / count);
const file = readdirSync(directory)
  .filter((name) => name.endsWith(".index"))
  .at(-1);
const bytes = file === undefined ? 0 : statSync(join(directory, file)).size;
report("graph_bytes_per_row", bytes / count);
const restarted = await seconds("start_from_snapshot_s", open);
report("rows_in_snapshot", restarted.indexed);
report("start_gb_per_s", bytes / 1e9 / (figures["start_from_snapshot_s"] ?? Infinity));
const publication = await builder.publish();
if (publication.engine !== "shared") throw new Error("a publication of engine shared");
const reader = await attachReader(publication, rows);
for (const { ef, recallAt10 } of publication.calibration) {
  const recall = recallOf(reader, { ef });
  console.log(`ef ${ef}: calibrated ${recallAt10.toFixed(4)}, queries ${recall.toFixed(4)}`);
  figures[`calibrated_at_${ef}`] = recallAt10;
  figures[`queries_at_${ef}`] = recall;
}
report("recall_by_default", recallOf(reader, {}));
report("rss_gb", process.memoryUsage().rss / 1e9);

function recallOf(index: IndexReader, effort: { readonly ef?: number }): number {
  let found = 0;
  truth.forEach((nearest, at) => {
    const { ordinals } = index.search({ query: queries[at]!, k: topK, effort }).hits;
    for (const row of nearest) if (ordinals.includes(row)) found++;
  });
  return found / truth.length / topK;
}

if (options.json !== undefined) {
  writeFileSync(options.json, JSON.stringify({ machine: machine(), options, figures }, null, 2));
}
rmSync(directory, { recursive: true });
