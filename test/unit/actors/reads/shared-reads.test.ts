/** Reads over replicas that differ, against what the newest of all they hold says. */
import { describe, expect, it } from "vitest";
import { DvespError } from "../../../../src/base/index.js";
import type { SearcherMessage } from "../../../../src/actors/searcher/messages.js";
import type { AskResult } from "../../../../src/runtime/index.js";
import type { ConsistencyLevel, RawRow } from "../../../../src/protocol/index.js";
import { ReadWorld, evenOnly, positionOf, versionOf } from "./model-reader.js";
import type { ModelReader, ModelRow } from "./model-reader.js";
import { countOf, getOf, scrollOf, searchAt } from "./requests.js";

const firstSeed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const positions = 1000;

/** What all replicas together know: the newest of each id. */
class Truth {
  readonly rows = new Map<string, ModelRow>();

  live(isFiltered = false): string[] {
    return [...this.rows]
      .filter(([, { position }]) => position !== undefined && (!isFiltered || position % 2 === 0))
      .map(([id]) => id)
      .sort();
  }

  nearest(at: number, isFiltered: boolean): string[] {
    const distance = (id: string): number => Math.abs((this.rows.get(id)?.position ?? 0) - at);
    return this.live(isFiltered).sort((a, b) => distance(a) - distance(b) || (a < b ? -1 : 1));
  }
}

/** Writes rows, changes and deletes; each reaches all replicas, or at least `copies` of them. */
function fill(world: ReadWorld, count: number, copies: number): Truth {
  const truth = new Truth();
  const ids = Array.from({ length: Math.ceil(count / 2) }, () => world.newId());
  for (let n = 0; n < count; n++) {
    const id = ids[world.below(ids.length)] as string;
    const isDelete = world.below(4) === 0;
    const row = { version: versionOf(n), ...(!isDelete && { position: world.below(positions) }) };
    truth.rows.set(id, row);
    const replicas = world.readersOf(id);
    const missing = world.below(replicas.length - copies + 1);
    const first = world.below(replicas.length);
    for (let index = 0; index < replicas.length - missing; index++) {
      replicas[(first + index) % replicas.length]?.rows.set(id, row);
    }
  }
  return truth;
}

const idsOf = (rows: readonly RawRow[]): string[] => rows.map(({ id }) => id);

interface Case {
  readonly level: ConsistencyLevel;
  readonly shards: number;
  readonly replicas: number;
  /** Replicas that every write reached. */
  readonly copies: number;
}

const cases: Case[] = [
  { level: "ONE", shards: 3, replicas: 1, copies: 1 },
  { level: "ONE", shards: 2, replicas: 3, copies: 3 },
  { level: "QUORUM", shards: 1, replicas: 3, copies: 2 },
  { level: "QUORUM", shards: 3, replicas: 3, copies: 2 },
  { level: "QUORUM", shards: 2, replicas: 5, copies: 3 },
  { level: "ALL", shards: 1, replicas: 2, copies: 1 },
  { level: "ALL", shards: 3, replicas: 3, copies: 1 },
];

describe.each(cases)(
  `reads at $level over $shards shards of $replicas replicas (SEED=${firstSeed})`,
  ({ level: consistency_level, shards, replicas, copies }) => {
    const at = { consistency_level };

    it.each([0, 1, 2, 3, 4, 5])("see the newest of every row (%d)", async (offset) => {
      const world = new ReadWorld({ seed: firstSeed + offset, shards, replicas });
      const truth = fill(world, 150, copies);
      for (const readers of world.readers) {
        for (const reader of readers) reader.delayMs = () => 1 + world.below(60);
      }
      for (const filter of [undefined, evenOnly]) {
        const isFiltered = filter !== undefined;
        for (let query = 0; query < 8; query++) {
          const position = world.below(positions);
          const page = { top_k: 1 + world.below(20), offset: world.below(10) };
          const asked = searchAt(position, { ...at, ...page, filter });
          const found = await world.ended(world.reads.read(asked));
          const nearest = truth.nearest(position, isFiltered);
          const wanted = nearest.slice(page.offset, page.offset + page.top_k);
          expect(idsOf(rowsOf(found))).toEqual(wanted);
          for (const row of rowsOf(found)) {
            expect(row.version).toBe(truth.rows.get(row.id)?.version);
            expect(positionOf(row)).toBe(truth.rows.get(row.id)?.position);
          }
        }
        const counted = await world.ended(world.reads.read(countOf({ ...at, filter })));
        expect(counted).toEqual({ operation: "count", count: truth.live(isFiltered).length });
        expect(await walk(world, { ...at, filter })).toEqual(truth.live(isFiltered));
      }
      const asked = [...truth.rows.keys(), world.newId()];
      const got = await world.ended(world.reads.read(getOf(asked, at)));
      const live = new Set(truth.live());
      expect(idsOf(rowsOf(got))).toEqual(asked.filter((id) => live.has(id)));
      expect(got).toMatchObject({ missing_ids: asked.filter((id) => !live.has(id)) });
      expectTrueRepairs(world, truth);
    });
  },
);

function rowsOf(answer: object): readonly RawRow[] {
  return (answer as { readonly rows: readonly RawRow[] }).rows;
}

async function walk(world: ReadWorld, changes: object): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const asked = scrollOf({ ...changes, limit: 1 + world.below(12), cursor });
    const page = await world.ended(world.reads.read(asked));
    found.push(...idsOf(rowsOf(page)));
    cursor = (page as { readonly next_cursor?: string }).next_cursor;
  } while (cursor !== undefined);
  return found;
}

/** Whatever was told to be stale is. */
function expectTrueRepairs(world: ReadWorld, truth: Truth): void {
  for (const { shard, place, ids } of world.stale) {
    const reader = world.readers[shard]?.find((one) => one.place === place);
    for (const id of ids) {
      const held = reader?.rows.get(id)?.version ?? "";
      expect(held < (truth.rows.get(id)?.version ?? "")).toBe(true);
    }
  }
}

describe(`replicas with indexes that miss rows (SEED=${firstSeed})`, () => {
  it("never bring back a deleted row, nor an old version", async () => {
    const world = new ReadWorld({ seed: firstSeed, shards: 1, replicas: 3 });
    const truth = fill(world, 200, 2);
    for (const reader of world.readers.flat()) reader.missed = 0.3;
    for (let query = 0; query < 50; query++) {
      const asked = searchAt(world.below(positions), { consistency_level: "QUORUM" });
      for (const row of rowsOf(await world.ended(world.reads.read(asked)))) {
        expect(row.version).toBe(truth.rows.get(row.id)?.version);
        expect(positionOf(row)).toBe(truth.rows.get(row.id)?.position);
      }
    }
  });
});

describe("a search that skips many rows", () => {
  const page = { offset: 200, top_k: 5, consistency_level: "QUORUM" } as const;
  function worldWith(count: number) {
    const world = new ReadWorld({ seed: 1, shards: 2, replicas: 3 });
    const ids = Array.from({ length: count }, () => world.newId());
    ids.forEach((id, position) => {
      for (const reader of world.readersOf(id)) {
        reader.rows.set(id, { version: versionOf(position), position });
      }
    });
    return { world, ids };
  }

  it("reads the contents of its page alone", async () => {
    const { world, ids } = worldWith(300);
    const found = await world.ended(world.reads.read(searchAt(0, page)));
    expect(idsOf(rowsOf(found))).toEqual(ids.slice(200, 205));
    expect(rowsOf(found).map(positionOf)).toEqual([200, 201, 202, 203, 204]);
    expect(rowsOf(found).map(({ distance }) => distance)).toEqual([200, 201, 202, 203, 204]);
    const asked = world.readers.flat().flatMap((reader) => reader.asked);
    const searches = asked.flatMap((one) =>
      one.type === "read_raw" && one.request.operation === "search" ? one.request : [],
    );
    expect(searches.some((one) => one.include_vectors || one.include_metadata)).toBe(false);
  });

  it("begins anew when a row of it was replaced, and at last reads all at once", async () => {
    const { world, ids } = worldWith(300);
    const id = ids[202]!;
    let version = 1000;
    for (const reader of world.readers.flat()) {
      const read = reader.read.bind(reader);
      reader.read = <Answer>(message: SearcherMessage): Promise<AskResult<Answer>> => {
        if (message.type === "read_raw" && message.request.operation === "get") {
          version++;
          for (const one of world.readersOf(id)) {
            one.rows.set(id, { version: versionOf(version), position: 202 });
          }
        }
        return read<Answer>(message);
      };
    }
    const found = await world.ended(world.reads.read(searchAt(0, page)));
    expect(idsOf(rowsOf(found))).toEqual(ids.slice(200, 205));
    expect(rowsOf(found)[2]?.version).toBe(versionOf(version));
  });
});

describe("a count of replicas that differ", () => {
  it("compares what differs, and walks over the rows only where that is not told", async () => {
    const world = new ReadWorld({ seed: 1, shards: 1, replicas: 3 });
    const readers = world.readers[0] as ModelReader[];
    for (let n = 0; n < 500; n++) {
      const id = world.newId();
      const missing = n < 50 ? n % 3 : undefined;
      readers.forEach((reader, index) => {
        if (index !== missing) reader.rows.set(id, { version: versionOf(n), position: n });
        else if (n % 2 === 0) reader.rows.set(id, { version: versionOf(n + 1000) });
      });
    }
    // What one of the two that are asked deleted is gone.
    const deleted = [...Array(50).keys()].filter((n) => n % 2 === 0 && n % 3 < 2).length;
    const quorum = countOf({ consistency_level: "QUORUM" });
    const count = 500 - deleted;
    expect(await world.ended(world.reads.read(quorum))).toMatchObject({ count });
    const walked = (): boolean =>
      readers.some(({ asked }) =>
        asked.some((one) => one.type === "read_raw" && one.request.operation === "scroll"),
      );
    expect(walked()).toBe(false);
    for (const reader of readers) {
      reader.ask = () => Promise.resolve({ outcome: "timeout" });
    }
    expect(await world.ended(world.reads.read(quorum))).toMatchObject({ count });
    expect(walked()).toBe(true);
  });
});

describe("stale replicas", () => {
  it("are told of, with what they lack, and each read only once", async () => {
    const world = new ReadWorld({ seed: 1, shards: 1, replicas: 2 });
    const [behind, ahead] = world.readers[0] ?? [];
    const [old, absent, deleted] = [world.newId(), world.newId(), world.newId()] as const;
    behind?.rows.set(old, { version: versionOf(1), position: 5 });
    ahead?.rows.set(old, { version: versionOf(2), position: 6 });
    ahead?.rows.set(absent, { version: versionOf(3), position: 7 });
    behind?.rows.set(deleted, { version: versionOf(4), position: 8 });
    ahead?.rows.set(deleted, { version: versionOf(5) });
    const found = await world.ended(world.reads.read(searchAt(0)));
    expect(idsOf(rowsOf(found))).toEqual([old, absent]);
    expect(world.stale.map(({ place }) => place.node)).toEqual(["n0"]);
    expect([...(world.stale[0]?.ids ?? [])].sort()).toEqual([old, absent, deleted].sort());
  });
});

describe("a row that is replaced while it is read", () => {
  it.each([searchAt(0), scrollOf({ limit: 10 })])("is found ($operation)", async (request) => {
    const world = new ReadWorld({ seed: 1, shards: 1, replicas: 2 });
    const [here, there] = world.readers[0] as [ModelReader, ModelReader];
    const id = world.newId();
    here.rows.set(id, { version: versionOf(1), position: 5 });
    // It reaches both just after the one that lacked it has answered.
    there.delayMs = () => {
      for (const reader of [here, there]) {
        reader.rows.set(id, { version: versionOf(2), position: 6 });
      }
      return 1;
    };
    const found = await world.ended(world.reads.read(request));
    expect(rowsOf(found)).toMatchObject([{ id, version: versionOf(2) }]);
  });
});

type Five = [ModelReader, ModelReader, ModelReader, ModelReader, ModelReader];

describe("a replica that cannot say what it has of rows that it left out", () => {
  const refused = new DvespError("DATA_CORRUPTED", "a record is damaged").toPlain();
  const failing = (reader: ModelReader): void => {
    const read = reader.read.bind(reader);
    reader.read = <Answer>(message: SearcherMessage): Promise<AskResult<Answer>> =>
      message.type === "rows"
        ? Promise.resolve({ outcome: "refused", error: refused })
        : read<Answer>(message);
  };

  it.each([searchAt(0), scrollOf({ limit: 10 })])(
    "is passed over for another one ($operation)",
    async (request) => {
      const world = new ReadWorld({ seed: 1, shards: 1, replicas: 5 });
      const readers = world.readers[0] as ModelReader[];
      const [first, second, third, fourth, fifth] = readers as Five;
      const [kept, gone] = [world.newId(), world.newId()] as const;
      for (const reader of [first, fourth, fifth]) {
        reader.rows.set(kept, { version: versionOf(1), position: 5 });
      }
      first.rows.set(gone, { version: versionOf(2), position: 6 });
      for (const reader of [third, fourth, fifth]) {
        reader.rows.set(gone, { version: versionOf(3) });
      }
      const quorum = { ...request, consistency_level: "QUORUM" } as const;
      failing(second);
      failing(third);
      // One stands in for each of the two.
      const found = await world.ended(world.reads.read(quorum));
      expect(idsOf(rowsOf(found))).toEqual([kept]);
      expect([fourth, fifth].map(({ asked }) => asked.length)).toEqual([1, 1]);
      fifth.alive = false;
      await expect(world.ended(world.reads.read(quorum))).rejects.toMatchObject({
        code: "DATA_CORRUPTED",
      });
    },
  );
});
