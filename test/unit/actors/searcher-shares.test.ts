import { describe, expect, it } from "vitest";
import { SearcherShares } from "../../../src/actors/shard/searcher-shares.js";
import type { Share } from "../../../src/actors/shard/searcher-shares.js";
import type { IndexPublication, Metric, SharedRowsHandle } from "../../../src/index/index.js";
import type { PayloadPublication } from "../../../src/payload/index.js";

const rowsHandle = (): SharedRowsHandle => ({ dimension: 2, segmentPages: 1, segments: [] });
const publicationOf = (metric: Metric, generation: number): IndexPublication =>
  ({ engine: "flat", spec: { metric }, generation, indexed: 0 }) as unknown as IndexPublication;
const payloadOf = (rows: number): PayloadPublication => ({ rows }) as unknown as PayloadPublication;

const given: Share = {
  rows: rowsHandle(),
  publications: [publicationOf("l2", 1), publicationOf("cosine", 1)],
  payload: payloadOf(1),
};

function newsFor(now: Share): readonly (readonly unknown[])[] {
  const shares = new SearcherShares();
  shares.give(0, given);
  return shares.news(0, now).map(({ message, attachments }) => [message, ...attachments]);
}

describe("SearcherShares", () => {
  it("has no news when nothing was published meanwhile", () => {
    expect(newsFor({ ...given, publications: [...given.publications] })).toEqual([]);
  });

  it("tells of memory, indexes and payload index that came meanwhile", () => {
    const rows = rowsHandle();
    const newer = publicationOf("l2", 2);
    const payload = payloadOf(2);
    const [, kept] = given.publications;
    const news = newsFor({ rows, publications: [newer, kept!], payload });
    expect(news).toEqual([
      [{ type: "rows_extended" }, rows],
      [{ type: "index_published" }, newer],
      [{ type: "payload_published" }, payload],
    ]);
    expect(news[0]![1]).toBe(rows);
  });

  it("tells of an index that was dropped meanwhile", () => {
    const [own] = given.publications;
    expect(newsFor({ ...given, publications: [own!] })).toEqual([
      [{ type: "index_dropped", metric: "cosine" }],
    ]);
  });

  it("has none for a searcher that was given nothing yet", () => {
    expect(new SearcherShares().news("caller", given)).toEqual([]);
  });
});
