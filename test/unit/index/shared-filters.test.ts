/** How engine `shared` answers searches with a filter: by which route, and how well. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../../src/base/index.js";
import { AllowList, selectIndex } from "../../../src/index/index.js";
import { Replica, clusteredRows, queryNear } from "../../conformance/index-fixture.js";

const dimension = 12;
const spec = selectIndex({ dimension, metric: "l2", index: { type: "hnsw" } }, 0);

describe("engine shared, with a filter", () => {
  let replica: Replica;
  beforeEach(async () => {
    replica = await Replica.open(spec);
  });
  afterEach(() => replica.close());

  const fill = async (rows: number): Promise<void> => {
    replica.append(clusteredRows(seededRandom(6), rows, dimension));
    await replica.build();
  };

  it("walks with a filter that admits much or some, and compares with all it admits where few are near", async () => {
    const rows = 12_000;
    await fill(rows);
    const query = replica.vectors[100]!;
    const route = (admits: (ordinal: number) => boolean, ef: number): string => {
      const allow = AllowList.of([...Array(rows).keys()].filter(admits), rows);
      const { answer, recall } = replica.check({ query, k: 10, effort: { ef }, allow });
      expect(recall, JSON.stringify(answer.route)).toBeGreaterThanOrEqual(0.9);
      return answer.route.kind;
    };
    expect(route((ordinal) => ordinal % 2 === 0, 64)).toBe("walk");
    expect(route((ordinal) => ordinal % 5 === 0, 16)).toBe("walk");
    expect(route((ordinal) => ordinal % 20 === 0, 40)).toBe("list");
    expect(route((ordinal) => ordinal % 50 === 0, 40)).toBe("scan");
    // All but the 6,000 nearest: a filter that correlates with the query.
    const near = new Set(replica.truth("l2", query).slice(0, 6000));
    expect(route((ordinal) => !near.has(ordinal), 40)).toBe("walk_then_list");
  });

  it("walks over admitted rows alone where others are nearer, once that found as much as lists did", async () => {
    const rows = 12_000;
    await fill(rows);
    // Half of space: queries in the other half meet none of what is admitted.
    const firsts = replica.vectors.map(([first]) => first!);
    const middle = [...firsts].sort((left, right) => left - right)[rows / 2]!;
    const allow = AllowList.of(
      [...firsts.keys()].filter((ordinal) => firsts[ordinal]! < middle),
      rows,
    );
    const random = seededRandom(12);
    const answers = Array.from({ length: 128 }, () => {
      const query = queryNear(random, replica.vectors[randomBelow(random, rows)]!);
      const { answer, recall } = replica.check({ query, k: 10, effort: { recall: 0.95 }, allow });
      return { kind: answer.route.kind, recall };
    });
    const routes = answers.map(({ kind }) => kind);
    const lists = routes.filter((kind) => kind === "walk_then_list").length;
    // Sixteen are answered by lists and compared, and later on one in sixteen.
    expect([16, 17]).toContain(lists);
    const filtered = answers.filter(({ kind }) => kind === "walk_then_filtered_walk");
    expect(filtered.length).toBeGreaterThan(5);
    const recalls = filtered.map(({ recall }) => recall);
    expect(recalls.reduce((sum, one) => sum + one, 0) / recalls.length).toBeGreaterThan(0.95);
  });

  it("passes over walks where walks with the same filter kept missing, but for one in sixteen", async () => {
    const rows = 6000;
    await fill(rows);
    const query = replica.vectors[100]!;
    const near = new Set(replica.truth("l2", query).slice(0, 3000));
    const allow = AllowList.of(
      [...Array(rows).keys()].filter((one) => !near.has(one)),
      rows,
    );
    const routes = Array.from({ length: 24 }, () => {
      const { answer, recall } = replica.check({ query, k: 10, effort: { ef: 20 }, allow });
      expect(recall).toBeGreaterThanOrEqual(0.9);
      return answer.route.kind;
    });
    expect(routes.slice(0, 5)).toEqual([...Array<string>(4).fill("walk_then_list"), "list"]);
    expect(routes.filter((one) => one === "walk_then_list")).toHaveLength(5);
  });
});
