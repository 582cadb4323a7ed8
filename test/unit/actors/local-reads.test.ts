import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../src/base/index.js";
import { AnswerAreas } from "../../../src/actors/shard/answer-areas.js";
import { LocalReads } from "../../../src/actors/reads/local-reads.js";
import { WorkerPool } from "../../../src/actors/worker-pool.js";
import { AnswerSlots } from "../../../src/actors/searcher/answer-slots.js";
import type { SearcherMessage } from "../../../src/actors/searcher/messages.js";
import {
  decodeAnswer,
  encodeRawAnswer,
  encodeRequest,
  normaliseBatchPart,
} from "../../../src/protocol/index.js";
import type { BodyFormat, NormalSearch, RawSearchAnswer } from "../../../src/protocol/index.js";
import { HandMadeRef, gone, ok, refused } from "./hand-made-ref.js";
import type { Reply } from "./hand-made-ref.js";
import { searchFor } from "./searcher-world.js";

const id = "0b4f2c9e-6c1d-4e52-9a57-5f0c2f6d8a11";

/** Answers a query by its own first component, so that an answer shows which query it is to. */
function answerTo({ query_vector, consistency_level }: NormalSearch): RawSearchAnswer {
  const rows = [{ id, version: "1", distance: query_vector[0]! }];
  const metrics = {
    nodes_queried: 1,
    time_ms: 0,
    consistency_level_achieved: consistency_level,
    exact: true,
  };
  return { operation: "search", rows, metrics };
}

function queriesOf(message: SearcherMessage, attachments: readonly unknown[]): NormalSearch[] {
  if (message.type === "read_part") {
    const { part, collection, format } = message;
    const body = new Uint8Array(attachments[1] as SharedArrayBuffer);
    return [...normaliseBatchPart(part, collection, format, body).queries];
  }
  if (message.type !== "read" || message.request.operation !== "search_batch") return [];
  return [...message.request.queries];
}

/** Searchers that answer batches in slots; `refuse` may answer a question in another way. */
function world(
  searchers: number,
  refuse: (searcher: number) => Reply | undefined = () => undefined,
) {
  const areas = new AnswerAreas();
  const slots = Array.from({ length: searchers }, (_, index) => new AnswerSlots(areas.open(index)));
  const refs = slots.map((own, searcher) => {
    const ref: HandMadeRef = new HandMadeRef((message) => {
      const reply = refuse(searcher);
      if (reply) return reply;
      const asked = message as SearcherMessage;
      const queries = queriesOf(asked, ref.asked.at(-1)?.options.attachments ?? []);
      const accept = asked.type === "read_part" ? asked.accept : "msgpack";
      const slot = own.take()!;
      const answers = queries.map(answerTo);
      const memory = own.memoryOf(slot);
      const body = encodeRawAnswer(accept, { operation: "search_batch", answers }, memory);
      return ok({ area: own.id, slot, bytes: body.length });
    }, `searcher ${searcher}`);
    return ref;
  });
  const clock = new VirtualClock();
  const pool = new WorkerPool({ clock, refs });
  const used = (): number => slots.reduce((sum, one) => sum + one.used, 0);
  return {
    reads: new LocalReads(clock, { searchers: pool, areas }),
    refs,
    used,
  };
}

const batchOf = (count: number) => ({
  operation: "search_batch" as const,
  collection: "c",
  queries: Array.from({ length: count }, (_, index) =>
    searchFor(1, { query_vector: Float32Array.of(index, 0) }),
  ),
});

const encoded = (count: number, format: BodyFormat) => ({
  operation: "search_batch" as const,
  collection: "c",
  format,
  accept: format,
  body: encodeRequest(format, {
    queries: batchOf(count).queries.map(({ query_vector }) => ({ query_vector })),
  }),
});

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe.each([1, 2, 3])("a batch on %s searchers", (searchers) => {
  it.each([1, 2, 7])("of %s typed queries is answered in order", async (count) => {
    const { reads, refs, used } = world(searchers);
    const { answers } = await reads.read(batchOf(count));
    expect(answers.map(({ results }) => results[0]?.distance)).toEqual(upTo(count));
    expect(refs.filter(({ asked }) => asked.length === 1)).toHaveLength(Math.min(searchers, count));
    expect(used()).toBe(0);
  });

  it.each(["msgpack", "json"] as const)("encoded as %s is answered in order", async (format) => {
    for (const count of [1, 2, 7, 40]) {
      const { reads, refs, used } = world(searchers);
      const { body, release } = await reads.readEncoded(encoded(count, format));
      const { answers } = decodeAnswer(format, "search_batch", body);
      expect(answers.map(({ results }) => results[0]?.distance)).toEqual(upTo(count));
      expect(refs.every(({ asked }) => asked.length === 1)).toBe(true);
      release();
      expect(used()).toBe(0);
    }
  });
});

describe("a batch of which a part fails", () => {
  it("fails with the error of the first such part, and lets the other answers go", async () => {
    const codes = [undefined, "DATA_CORRUPTED", "TIMEOUT"] as const;
    const refuse = (searcher: number): Reply | undefined => {
      const code = codes[searcher];
      return code && refused(code);
    };
    const { reads, used } = world(3, refuse);
    // The pool begins with the second searcher: its part is the first.
    await expect(reads.read(batchOf(9))).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    await expect(reads.readEncoded(encoded(9, "json"))).rejects.toMatchObject({
      code: expect.stringMatching(/DATA_CORRUPTED|TIMEOUT/) as string,
    });
    expect(used()).toBe(0);
  });

  it("is asked of another searcher when one is gone", async () => {
    let deaths = 0;
    const { reads, used } = world(2, (searcher) =>
      searcher === 0 && deaths++ === 0 ? gone : undefined,
    );
    const { answers } = await reads.read(batchOf(8));
    expect(answers.map(({ results }) => results[0]?.distance)).toEqual(upTo(8));
    expect(deaths).toBeGreaterThan(0);
    expect(used()).toBe(0);
  });
});
