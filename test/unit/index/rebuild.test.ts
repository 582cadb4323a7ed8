/** A graph that is made anew beside the one that is read, while rows come and go. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import { selectIndex } from "../../../src/index/index.js";
import { SharedBuilder } from "../../../src/index/shared/builder.js";
import { clusteredRows, queryNear, Replica, someOf } from "../../conformance/index-fixture.js";

const dimension = 16;
const spec = selectIndex(
  { dimension, metric: "l2", index: { type: "hnsw", engine: "shared", m: 8 } },
  0,
);

describe("a graph made anew", () => {
  let replica: Replica;

  beforeEach(async () => {
    replica = await Replica.open(spec);
    replica.append(clusteredRows(seededRandom(11), 3000, dimension));
    await replica.build();
  });
  afterEach(() => replica.close());

  function shared(): SharedBuilder {
    if (!(replica.builder instanceof SharedBuilder)) throw new Error("a builder of this engine");
    return replica.builder;
  }

  function expectRecall(): void {
    const random = seededRandom(12);
    let recall = 0;
    for (let at = 0; at < 100; at++) {
      const query = queryNear(random, replica.vectors[at * 29]!);
      recall += replica.check({ query, k: 10, effort: { ef: 64 } }).recall;
    }
    expect(recall / 100).toBeGreaterThan(0.97);
  }

  it("has no links to dead rows, and answers as the old one did", async () => {
    replica.delete(someOf(seededRandom(13), 1200, 3000));
    const before = await shared().survey();
    expect(before.dead).toBe(1200);
    expect(before.deadLinks / before.links).toBeGreaterThan(0.2);
    const old = await replica.builder.publish();
    while (!(await shared().rebuild(700))) expectRecall();
    const publication = await replica.builder.publish();
    expect(publication.generation).toBeGreaterThan(old.generation);
    expectRecall();
    await replica.reader.refresh(publication);
    expectRecall();
    expect(await shared().survey()).toMatchObject({ rows: 3000, dead: 1200, deadLinks: 0 });
  });

  it("takes in what comes, and leaves out what goes, on the way", async () => {
    expect(await shared().rebuild(2000)).toBe(false);
    replica.append(clusteredRows(seededRandom(14), 500, dimension));
    replica.delete([1, 2, 2500, 2999]);
    await replica.build();
    expectRecall();
    expect(await shared().rebuild(1000)).toBe(false);
    replica.delete([3, 3400]);
    expect(await shared().rebuild(1000)).toBe(true);
    expect(await shared().rebuild(100)).toBe(false);
    await replica.reader.refresh(await replica.builder.publish());
    expectRecall();
    const last = replica.vectors[3499]!;
    expect(replica.check({ query: last, k: 1, effort: { ef: 64 } }).answer.hits.ordinals).toEqual(
      Uint32Array.of(3499),
    );
  });
});
