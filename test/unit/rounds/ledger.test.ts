/** The ledger of rounds, held against stores that lie now and then: in one round the lies must be seen. */
import { describe, expect, it } from "vitest";
import { VirtualClock, randomFraction, seededRandom, sleep } from "../../../src/base/index.js";
import type { DeleteRequest, GetRequest, InsertRequest } from "../../../src/protocol/index.js";
import type { StoredVector, VectorStore } from "../../../src/protocol/index.js";
import { Ledger } from "../../rounds/ledger.js";

const seconds = 20;
/** Of a call; with eight clients some 200 calls a second, as real nodes answer on two busy cores. */
const callMs = 30;
const lieShare = 0.01;

/** Does what it should with the rows, or not; the status it answers. */
type Insert = (rows: Map<string, StoredVector>, request: InsertRequest) => string;

const honest: Insert = (rows, { ids = [], vectors, metadata }) => {
  ids.forEach((id, index) => {
    const vector = Float32Array.from((vectors as number[][])[index] ?? []);
    rows.set(id, { id, version: "1", vector, metadata: metadata?.[index] ?? {} });
  });
  return "success";
};

/** A round against a store that does `lie` in one of a hundred inserts; how often it did, and what was seen. */
async function round(lie: Insert) {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const rows = new Map<string, StoredVector>();
  let lies = 0;
  const insert = (request: InsertRequest) => {
    const isLie = randomFraction(random) < lieShare;
    if (isLie) lies++;
    return { status: (isLie ? lie : honest)(rows, request) };
  };
  const remove = ({ ids = [] }: DeleteRequest) => {
    for (const id of ids) rows.delete(id);
    return { status: "success" };
  };
  const get = ({ ids }: GetRequest) => ({ vectors: ids.flatMap((id) => rows.get(id) ?? []) });
  const slowly =
    <Request, Answer>(call: (request: Request) => Answer) =>
    async (request: Request): Promise<Answer> => {
      await sleep(clock, callMs);
      return call(request);
    };
  const methods = { insert: slowly(insert), delete: slowly(remove), get: slowly(get) };
  const endMs = clock.monotonic() + seconds * 1000;
  const ledger = new Ledger({
    ...{ clock, random, collection: "ledger", clients: 8 },
    stores: [{ name: "n1", store: methods as unknown as VectorStore }],
    goesOn: () => clock.monotonic() < endMs,
    mayRefuse: () => false,
  });
  const done = ledger.run().then(() => ledger.check());
  await clock.advance(seconds * 1000 + 10_000);
  await done;
  const checks = [...new Set(ledger.violations.map(({ check }) => check))];
  return { lies, checks, ...ledger.counts };
}

describe("a round of the ledger", () => {
  it("sees nothing wrong in a store that is right, and looks at thousands of rows", async () => {
    const { checks, rows, calls } = await round(honest);
    expect(checks).toEqual([]);
    expect(calls).toBeGreaterThan(2000);
    expect(rows).toBeGreaterThan(5000);
  });

  it("sees that one of a hundred acknowledged inserts is not there", async () => {
    const { checks, lies } = await round(() => "success");
    expect(lies).toBeGreaterThan(10);
    expect(checks).toContain("lost_write");
  });

  it("sees that one of a hundred batches is there in part", async () => {
    const { checks } = await round((rows, request) => {
      const status = honest(rows, request);
      for (const id of (request.ids ?? []).slice(1)) rows.delete(id);
      return status;
    });
    expect(checks).toContain("half_batch");
  });

  it("sees rows of writes that were said to have failed", async () => {
    const { checks } = await round((rows, request) => {
      honest(rows, request);
      return "failed";
    });
    expect(checks).toEqual(["refused_write_seen"]);
  });
});
