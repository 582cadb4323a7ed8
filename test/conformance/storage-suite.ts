/** What every row store promises; run on LMDB with real files, and on the twin in memory. */
import { afterEach, beforeEach, describe } from "vitest";
import { seed, StorageContext, type StorageFixture } from "./storage-context.js";
import { storageReads } from "./storage-reads.js";
import { storageReplication } from "./storage-replication.js";
import { storageWrites } from "./storage-writes.js";

export function storageSuite(name: string, make: () => Promise<StorageFixture>): void {
  describe(`row store: ${name} (SEED=${seed})`, () => {
    const context = new StorageContext();

    beforeEach(async () => context.begin(await make()));
    afterEach(() => context.end());

    storageWrites(context);
    storageReads(context);
    storageReplication(context);
  });
}
