/** What engine `shared` does for an index beside taking rows in: probes, and graphs built anew. */
import { afterEach, describe, expect, it } from "vitest";
import { SystemDisk, seededRandom } from "../../../src/base/index.js";
import { openBuilder, selectIndex, type IndexEvent } from "../../../src/index/index.js";
import { CalibrationSamples, type Walk } from "../../../src/index/calibration-samples.js";
import { ExactScanner } from "../../../src/index/exact-scanner.js";
import { RecallKeeper } from "../../../src/index/shared/recall-keeper.js";
import { clusteredRows, queryNear, Replica } from "../../conformance/index-fixture.js";

const dimension = 16;
const spec = selectIndex({ dimension, metric: "l2", index: { type: "hnsw" } }, 0);

function finish(slices: Iterator<unknown>): void {
  while (slices.next().done !== true);
}

describe("upkeep of engine shared", () => {
  const opened: Replica[] = [];
  afterEach(async () => {
    for (const replica of opened.splice(0)) await replica.close();
  });

  const open = async (rows: number): Promise<{ replica: Replica; events: IndexEvent[] }> => {
    const replica = await Replica.open(spec);
    opened.push(replica);
    const events: IndexEvent[] = [];
    const { directory } = replica;
    const onEvent = (event: IndexEvent): unknown => events.push(event);
    const disk = new SystemDisk();
    replica.builder = await openBuilder({ spec, rows: replica.rows, directory, disk, onEvent });
    replica.append(clusteredRows(seededRandom(1), rows, dimension));
    return { replica, events };
  };
  const ofType = <Type extends IndexEvent["type"]>(
    events: readonly IndexEvent[],
    type: Type,
  ): Extract<IndexEvent, { type: Type }>[] =>
    events.filter((event): event is Extract<IndexEvent, { type: Type }> => event.type === type);

  it("measures recall on the way, again when the index has grown by half, sooner when idle", async () => {
    const { replica, events } = await open(6000);
    const measured = (): number[] =>
      ofType(events, "index_calibrated").map(({ indexed_rows }) => indexed_rows);
    for (let rows = 0; rows < 5500; rows += 500) {
      await replica.builder.add(500);
      while ((await replica.builder.upkeep("busy")) === "now");
    }
    expect(measured()).toEqual([1000, 1500, 2500, 4000]);
    await replica.build(0);
    expect(measured().at(-1)).toBe(5500);
  });

  it("measures recall in rests between the rows of a trickle, and at once when they end", async () => {
    const { replica, events } = await open(3200);
    const { builder } = replica;
    await builder.add(2000);
    while ((await builder.upkeep("quiet")) === "now");
    const rowsOf = (type: "index_calibrated" | "index_snapshot_written"): number[] =>
      ofType(events, type).map(({ indexed_rows }) => indexed_rows);
    const measuredFirst = rowsOf("index_calibrated").length;
    await builder.add(500);
    expect(await builder.upkeep("busy")).toBe("nothing");
    expect(await builder.upkeep("lull")).toBe("later");
    await builder.add(1);
    expect(await builder.upkeep("busy")).toBe("nothing");
    for (let slices = 0; rowsOf("index_calibrated").length === measuredFirst; slices++) {
      expect(slices).toBeLessThan(1000);
      expect(await builder.upkeep("lull")).toBe("later");
    }
    await builder.add(500);
    expect(await builder.upkeep("lull")).toBe("later");
    while ((await builder.upkeep("quiet")) === "now");
    expect(rowsOf("index_calibrated").slice(measuredFirst)).toEqual([2500, 3001]);
    await builder.close();
    expect(rowsOf("index_snapshot_written")).toEqual([2000, 3001]);
    await replica.openBuilder();
  });

  it("probes its recall in idle time, until nothing new is to be seen", async () => {
    const { replica, events } = await open(4000);
    await replica.build();
    while ((await replica.builder.upkeep("quiet")) !== "nothing");
    const probes = ofType(events, "index_probed");
    expect(probes.map(({ samples }) => samples)).toEqual([16, 32, 48, 64, 80, 96, 112, 128]);
    expect(probes.at(-1)!.recall_at_10).toBeGreaterThan(0.96);
    replica.append(clusteredRows(seededRandom(2), 400, dimension));
    await replica.build();
    expect(await replica.builder.upkeep("quiet")).toBe("leisure");
    expect(await replica.builder.upkeep("busy")).toBe("nothing");
  });

  it("builds a graph anew when a third of its rows are dead, and serves the old one until then", async () => {
    const { replica, events } = await open(5000);
    await replica.build();
    const before = await replica.builder.publish();
    replica.delete([...replica.vectors.keys()].filter((ordinal) => ordinal % 5 < 2));
    replica.append(clusteredRows(seededRandom(3), 100, dimension));
    expect(await replica.builder.upkeep("busy")).toBe("now");
    await replica.builder.add(60);
    expect(replica.check({ query: replica.vectors[2]!, k: 10, effort: { ef: 64 } }).recall).toBe(1);
    await replica.build();
    expect(ofType(events, "index_rebuilt")).toEqual([
      { type: "index_rebuilt", reason: "dead_rows", rows: 5100 },
    ]);
    const after = await replica.builder.publish();
    if (before.engine !== "shared" || after.engine !== "shared") throw new Error("this engine");
    expect(after.memories).not.toContain(before.memories[0]);
    const random = seededRandom(4);
    for (let round = 0; round < 20; round++) {
      const query = queryNear(random, replica.vectors[5 * round + 3]!);
      expect(replica.check({ query, k: 10, effort: { ef: 64 } }).recall).toBeGreaterThan(0.8);
    }
    await replica.builder.close();
    await replica.openBuilder();
    expect(replica.builder.indexed).toBe(5100);
    expect(await replica.builder.upkeep("busy")).toBe("nothing");
  });

  it("builds a graph anew that was centred by its first row", async () => {
    const { replica, events } = await open(1);
    await replica.build();
    replica.append(clusteredRows(seededRandom(5), 3000, dimension));
    await replica.build();
    expect(ofType(events, "index_rebuilt")).toEqual([
      { type: "index_rebuilt", reason: "coarse_codes", rows: 3001 },
    ]);
  });
});

describe("samples", () => {
  it.each([true, false])(
    "keep the true nearest while rows come and die: hidden %s",
    async (hides) => {
      const replica = await Replica.open(spec);
      const { rows } = replica;
      replica.append(clusteredRows(seededRandom(1), 3000, dimension));
      const scanner = new ExactScanner(rows);
      const walkTo = (limit: number) => (query: Float32Array, k: number) =>
        scanner.scan({ query, metric: "l2", k }, { from: 0, to: limit });
      const common = { scanner, metric: "l2", walkTo, random: seededRandom(7) } as const;
      const samples = new CalibrationSamples({ ...common, hides });
      for (const indexed of [1000, 1700, 3000]) {
        finish(samples.bringUpTo(indexed, 32));
        for (let ordinal = indexed % 7; ordinal < indexed; ordinal += 40) rows.markDead(ordinal);
        for (const sample of samples.all) {
          const truth = sample.truth((ordinal) => rows.isDead(ordinal));
          const target = { query: sample.query, metric: "l2", k: 101 } as const;
          const { ordinals } = scanner.scan(target, { from: 0, to: indexed });
          const expected = ordinals.filter((ordinal) => ordinal !== sample.hidden).slice(0, 100);
          expect(truth?.ordinals).toEqual(expected);
          expect(sample.hidden !== undefined).toBe(hides);
        }
      }
      expect(samples.all).toHaveLength(128);
      await replica.close();
    },
  );
});

describe("probes", () => {
  it("tell a recall that is missed from one that is met", async () => {
    const replica = await Replica.open(spec);
    replica.append(clusteredRows(seededRandom(1), 2000, dimension));
    const scanner = new ExactScanner(replica.rows);
    let missed = 0;
    const walkTo = (limit: number): Walk => {
      return (query, k, _ef, hidden) => {
        const hits = scanner.scan({ query, metric: "l2", k: k + 2 }, { from: 0, to: limit });
        const at = [...hits.ordinals.keys()].filter((one) => hits.ordinals[one] !== hidden);
        const found = at.slice(missed, missed + k);
        return {
          ordinals: Uint32Array.from(found, (one) => hits.ordinals[one]!),
          distances: Float32Array.from(found, (one) => hits.distances[one]!),
        };
      };
    };
    const random = seededRandom(7);
    const options = { scanner, metric: "l2", hides: true, target: 0.98, walkTo, random } as const;
    const keeper = new RecallKeeper(options, { calibration: [], calibratedAt: 0 });
    expect([keeper.isCalibrationDue(2000, "busy"), keeper.isProbeDue(2000)]).toEqual([true, false]);
    finish(keeper.calibrate(2000));
    const probe = (times: number): void => {
      for (let time = 0; time < times; time++) finish(keeper.probe(2000));
    };
    probe(64);
    expect([keeper.isOnTarget, keeper.isBelowTarget]).toEqual([true, false]);
    missed = 1;
    probe(64);
    expect([keeper.isOnTarget, keeper.isBelowTarget]).toEqual([false, true]);
    await replica.close();
  });
});
