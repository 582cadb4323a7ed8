import { describe, expect, it } from "vitest";
import { DvespError, randomBelow, randomFraction } from "../../../../src/base/index.js";
import { repairLimits } from "../../../../src/actors/repair/limits.js";
import type { RepairLimits } from "../../../../src/actors/repair/limits.js";
import { PairSync } from "../../../../src/actors/repair/pair-sync.js";
import type { SyncReport } from "../../../../src/actors/repair/pair-sync.js";
import { ReplicaQuestions } from "../../../../src/actors/repair/replica-questions.js";
import { Throttle } from "../../../../src/actors/repair/throttle.js";
import { PlainCluster, idOf, pick } from "../../../support/repair-cluster.js";

const nodes = ["n1", "n2"];

/** `damaged`: rows whose contents it cannot give. */
function questions(
  cluster: PlainCluster,
  node: string,
  damaged: readonly string[] = [],
): ReplicaQuestions {
  const place = cluster.shard.replicas.find((one) => one.node === node)!;
  const access = cluster.replicaOf("n1", place);
  const read: typeof access.read = (message, timeoutMs) => {
    const ids = message.type === "rows" ? Buffer.from(message.ids).toString("latin1") : "";
    const isBad = damaged.some((id) => ids.includes(id));
    if (!isBad) return access.read(message, timeoutMs);
    const error = new DvespError("DATA_CORRUPTED", "a row is damaged").toPlain();
    return Promise.resolve({ outcome: "refused", error });
  };
  return new ReplicaQuestions({ ...access, read }, 1000);
}

/** Runs one sync of n1 and n2 to its end. */
async function sync(
  cluster: PlainCluster,
  changes: Partial<RepairLimits> = {},
  damaged: readonly string[] = [],
) {
  const limits = { ...repairLimits, ...changes };
  const { clock } = cluster;
  const throttle = new Throttle(clock, limits.bytesPerSecond);
  const parts = { clock, limits, throttle, dimension: 2, isStopped: () => false };
  const pair = [questions(cluster, "n1", damaged), questions(cluster, "n2")] as const;
  const state = { isEnded: false };
  const ended = new PairSync(parts, pair).run().finally(() => (state.isEnded = true));
  ended.catch(() => undefined);
  for (let second = 0; !state.isEnded && second < 600; second++) await clock.advance(1000);
  return ended;
}

describe("a sync of two replicas", () => {
  it("asks replicas that are equal for their roots alone", async () => {
    const cluster = new PlainCluster(nodes);
    for (let n = 0; n < 10; n++) cluster.put(n, nodes);
    const report = await sync(cluster);
    expect(report.wereEqual).toBe(true);
    expect(cluster.asked.map(({ type }) => type)).toEqual(["merkle", "merkle"]);
  });

  it("copies both ways what is newer, deletes included", async () => {
    const cluster = new PlainCluster(nodes);
    cluster.put(1, nodes);
    cluster.put(1, ["n1"]);
    cluster.put(2, nodes);
    cluster.put(2, ["n2"]);
    cluster.put(3, nodes);
    cluster.remove(3, ["n1"]);
    cluster.put(4, ["n2"]);
    cluster.remove(5, ["n2"]);
    cluster.put(5, ["n1"]);
    const report = await sync(cluster);
    expect(cluster.areEqual).toBe(true);
    expect(report.copied).toEqual([2, 3]);
    expect(cluster.replica("n1").live()).toEqual([1, 2, 4, 5].map(idOf));
    expect(cluster.replica("n2").tombstones()).toEqual([idOf(3)]);
  });

  it("copies all but what is damaged, and fails until another replica has brought that", async () => {
    const cluster = new PlainCluster(nodes);
    for (let n = 0; n < 40; n++) cluster.put(n, ["n1"]);
    const damaged = [idOf(7), idOf(23)];
    const failed = sync(cluster, {}, damaged);
    await expect(failed).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    const lacking = [...cluster.replica("n1").rows.keys()].filter(
      (id) => !cluster.replica("n2").rows.has(id),
    );
    expect(lacking.sort()).toEqual([...damaged].sort());
    for (const id of damaged) cluster.replica("n2").take(id, cluster.replica("n1").rows.get(id)!);
    expect(await sync(cluster, {}, damaged)).toMatchObject({ wereEqual: true });
  });

  it("sends what differs, and little more", async () => {
    const cost = async (differing: number): Promise<SyncReport> => {
      const cluster = new PlainCluster(nodes);
      for (let n = 0; n < 3000; n++) cluster.put(n, nodes);
      for (let n = 0; n < differing; n++) cluster.put(n * 7, ["n1"]);
      const report = await sync(cluster);
      expect(cluster.areEqual).toBe(true);
      return report;
    };
    const [few, many] = [await cost(5), await cost(50)];
    expect([few.copied, many.copied]).toEqual([
      [0, 5],
      [0, 50],
    ]);
    expect(few.buckets).toBe(5);
    expect(few.entryBytes).toBeLessThan(2000);
    expect(many.rowBytes / few.rowBytes).toBeCloseTo(10, 0);
    expect(many.entryBytes / few.entryBytes).toBeLessThan(20);
  });

  it("leaves writes that are under way alone", async () => {
    const cluster = new PlainCluster(nodes);
    cluster.put(1, ["n2"], 100);
    const version = cluster.put(2, ["n1"], 50);
    const row = cluster.replica("n1").rows.get(idOf(2))!;
    cluster.clock.after(200, () => cluster.replica("n2").take(idOf(2), row));
    const report = await sync(cluster);
    expect(report.copied).toEqual([1, 0]);
    expect(cluster.replica("n2").rows.get(idOf(2))?.version).toBe(version);
    expect(cluster.areEqual).toBe(true);
  });

  it("copies at once what a clock that is ahead stamped", async () => {
    const cluster = new PlainCluster(nodes);
    cluster.put(1, ["n2"], -20_000);
    const report = await sync(cluster);
    expect(report.copied).toEqual([1, 0]);
    expect(cluster.areEqual).toBe(true);
  });

  it("does not give back a tombstone that the other has dropped", async () => {
    const cluster = new PlainCluster(nodes);
    cluster.put(1, nodes, 30_000);
    const version = cluster.remove(1, nodes, 20_000);
    cluster.put(2, ["n1"]);
    cluster.replica("n2").handle({ type: "converged", version, drop: version });
    const report = await sync(cluster);
    expect(report.dropped).toBe(1);
    expect(report.copied).toEqual([0, 1]);
    expect(cluster.replica("n2").tombstones()).toEqual([]);
  });

  it("brings a tombstone to one that is not known to have had it", async () => {
    const cluster = new PlainCluster(nodes);
    cluster.remove(1, ["n1"], 20_000);
    const report = await sync(cluster);
    expect(report.copied).toEqual([0, 1]);
    expect(cluster.areEqual).toBe(true);
  });

  it("says what it cannot mend", async () => {
    const cluster = new PlainCluster(nodes);
    const version = cluster.put(1, ["n1"]);
    cluster.replica("n2").take(idOf(1), { version });
    expect(await sync(cluster)).toMatchObject({ copied: [0, 0], conflicts: 1 });
  });

  it("goes no faster than it may", async () => {
    const cluster = new PlainCluster(nodes);
    for (let n = 0; n < 400; n++) cluster.put(n, ["n1"]);
    const began = cluster.clock.now();
    const bytesPerSecond = 4000;
    const report = await sync(cluster, { bytesPerSecond, bytesPerStep: 5200 });
    const seconds = (cluster.clock.now() - began) / 1000;
    expect(seconds).toBeGreaterThan((0.7 * (report.rowBytes + report.entryBytes)) / bytesPerSecond);
    expect(cluster.areEqual).toBe(true);
  });

  it("rejects when one does not answer, and keeps what was copied", async () => {
    const cluster = new PlainCluster(nodes);
    for (let n = 0; n < 40; n++) cluster.put(n, ["n1"]);
    cluster.onMessage = (_, type) => {
      if (type === "apply" && cluster.replica("n2").rows.size > 0) cluster.down.add("n2");
    };
    await expect(sync(cluster, { bytesPerStep: 5200 })).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(cluster.replica("n2").rows.size).toBeGreaterThan(0);
    cluster.down.clear();
    cluster.onMessage = () => undefined;
    const report = await sync(cluster);
    expect(report.copied[1]).toBeLessThan(40);
    expect(cluster.areEqual).toBe(true);
  });

  it("makes any two histories equal, and never puts older over newer", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const cluster = new PlainCluster(nodes, seed);
      const { random } = cluster;
      const newest = new Map<string, string>();
      for (let write = 0; write < 120; write++) {
        const n = randomBelow(random, 40);
        const to = pick(random, [["n1"], ["n2"], nodes]);
        const change = randomFraction(random) < 0.3 ? "remove" : "put";
        newest.set(idOf(n), cluster[change](n, to, 1000 - write));
      }
      await sync(cluster, { entriesPerStep: 8, bytesPerStep: 1200 });
      expect(cluster.areEqual, `seed ${seed}`).toBe(true);
      for (const [id, version] of newest) {
        expect(cluster.replica("n1").rows.get(id)?.version, `seed ${seed}`).toBe(version);
      }
    }
  });
});
