/** A store of a simulation for callers outside of it: time goes on while a call is under way. */
import type { VectorStore } from "../../src/protocol/index.js";
import type { SimTime } from "./sim-time.js";

export function drivenStore(store: VectorStore, time: SimTime): VectorStore {
  return {
    list_collections: () => time.until(store.list_collections()),
    create_collection: (request) => time.until(store.create_collection(request)),
    describe_collection: (request) => time.until(store.describe_collection(request)),
    drop_collection: (request) => time.until(store.drop_collection(request)),
    insert: (request) => time.until(store.insert(request)),
    update: (request) => time.until(store.update(request)),
    delete: (request) => time.until(store.delete(request)),
    search: (request) => time.until(store.search(request)),
    search_batch: (request) => time.until(store.search_batch(request)),
    get: (request) => time.until(store.get(request)),
    scroll: (request) => time.until(store.scroll(request)),
    count: (request) => time.until(store.count(request)),
    close: () => time.until(store.close()),
  };
}
