/** What the cases of the storage suite share: one store, opened anew for each. */
import { seededRandom } from "../../src/base/index.js";
import type { CommitBatch, RowStore } from "../../src/storage/index.js";
import { insertion } from "./storage-rows.js";

export interface StorageFixture {
  /** Opens the one store of the fixture; small vector files, so that tests cross them. */
  open(mode: "write" | "read", changes?: { dimension?: number }): Promise<RowStore>;
  dispose(): Promise<void>;
}

export const dimension = 8;
export const seed = Number(process.env.SEED ?? 20_250_101);

export class StorageContext {
  readonly random = seededRandom(seed);
  fixture!: StorageFixture;
  store!: RowStore;

  async begin(fixture: StorageFixture): Promise<void> {
    this.fixture = fixture;
    this.store = await fixture.open("write");
  }

  async end(): Promise<void> {
    await this.store.close();
    await this.fixture.dispose();
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await this.fixture.open("write");
  }

  /** A batch of `count` new rows. */
  insert(count: number): CommitBatch & { vectors: Float32Array } {
    return insertion(this.random, { firstOrdinal: this.store.nextOrdinal, dimension, count });
  }
}
