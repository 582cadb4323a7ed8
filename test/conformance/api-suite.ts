/**
 * The contract as a suite: what every face of the store must do, whether it runs in this process,
 * behind HTTP, or on several nodes. A new implementation passes `describeApi`, or it is not one.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConsistencyLevel } from "../../src/protocol/index.js";
import { describeApiCollections } from "./api-collections.js";
import { describeApiDelete } from "./api-delete.js";
import { expectRefusal, newCollection, someVectors } from "./api-fixture.js";
import type { OpenStore } from "./api-fixture.js";
import { describeApiInsert } from "./api-insert.js";
import { describeApiReads } from "./api-reads.js";
import { describeApiRefusals } from "./api-refusals.js";
import { describeApiScroll } from "./api-scroll.js";
import { describeApiSearch } from "./api-search.js";
import { describeApiSearchBatch } from "./api-search-batch.js";
import { describeApiUpdate } from "./api-update.js";
import { describeApiWrites } from "./api-writes.js";

/** `levels`: those that the store can reach; the others it must refuse. */
export function describeApi(
  name: string,
  makeStore: () => Promise<OpenStore>,
  levels: readonly ConsistencyLevel[] = ["ONE", "QUORUM", "ALL"],
): void {
  describe(`the contract, by ${name}`, () => {
    let open: OpenStore | undefined;
    beforeAll(async () => void (open = await makeStore()));
    afterAll(() => open?.close());
    const store = () => open!.store;

    describeApiCollections(store);
    describeApiInsert(store, levels);
    describeApiRefusals(store);
    describeApiWrites(store, levels);
    describeApiSearch(store);
    describeApiSearchBatch(store);
    describeApiUpdate(store);
    describeApiDelete(store);
    describeApiReads(store);
    describeApiScroll(store);

    it("refuses everything once it is closed, and closes twice", async () => {
      const own = await makeStore();
      const collection = newCollection();
      await own.store.insert({ collection, vectors: someVectors(1, 4) });
      await own.store.close();
      await expectRefusal(own.store.count({ collection }), "CLOSED");
      await expectRefusal(own.store.insert({ collection, vectors: someVectors(1, 4) }), "CLOSED");
      await expect(own.store.close()).resolves.toBeUndefined();
      await own.close();
    });
  });
}
