/** The checkers, held against stores with a bug each: every bug must be seen, and a sound store must not. */
import { describe, expect, it } from "vitest";
import { DvespError, randomFraction } from "../../../src/base/index.js";
import type { Random } from "../../../src/base/index.js";
import { compileFilter, parseFilter } from "../../../src/filters/index.js";
import type {
  ChangeAnswer,
  DeleteRequest,
  GetRequest,
  InsertRequest,
  ScrollAnswer,
  ScrollRequest,
  UpdateRequest,
  VectorStore,
  WriteAnswer,
} from "../../../src/protocol/index.js";
import { PlainStore } from "../../support/plain-store.js";
import { runSeed } from "../../sim/run-seed.js";
import { storeWorld } from "../../sim/store-world.js";
import type { WorldParts } from "../../sim/world.js";

type Bug = (store: PlainStore, random: Random) => Partial<VectorStore>;

const seeds = 8;

function plainStore({ time, random }: WorldParts): PlainStore {
  const predicateOf = (filter: unknown) => compileFilter(parseFilter(filter));
  return new PlainStore({ clock: time.clock, random, predicateOf });
}

/** The store, with `bug` in the place of some of its methods. */
function withBug(parts: WorldParts, bug: Bug): VectorStore {
  const store = plainStore(parts);
  const wrong = bug(store, parts.random);
  return new Proxy<VectorStore>(store, {
    get: (target, name) => {
      const method = Reflect.get(name in wrong ? wrong : target, name) as (
        ...given: unknown[]
      ) => unknown;
      return (...given: unknown[]) => method.apply(target, given);
    },
  });
}

async function checksThatSee(bug: Bug): Promise<string[]> {
  const found = new Set<string>();
  const makeWorld = storeWorld((parts) => withBug(parts, bug));
  for (let seed = 1; seed <= seeds; seed++) {
    for (const { check } of (await runSeed({ seed, makeWorld })).violations) found.add(check);
  }
  return [...found].sort();
}

function sometimes(random: Random): boolean {
  return randomFraction(random) < 0.2;
}

/** An answer as if it had been done, of a store that never sees it. */
async function forgotten(store: PlainStore, request: InsertRequest): Promise<WriteAnswer> {
  const before = await store.get({ ...of(request.ids), include_vectors: true });
  const answer = await store.insert(request);
  await store.delete(of(request.ids));
  const { vectors } = before;
  if (vectors.length > 0) {
    const metadata = vectors.map((one) => one.metadata ?? {});
    const data = vectors.map((one) => one.vector as Float32Array);
    await store.insert({ ...of(vectors.map(({ id }) => id)), vectors: data, metadata });
  }
  return answer;
}

function of(ids: readonly string[] | undefined): { collection: string; ids: readonly string[] } {
  return { collection: "rows", ids: ids ?? [] };
}

const bugs: Record<string, { readonly bug: Bug; readonly seenBy: string }> = {
  "loses writes that it acknowledged": {
    bug: (store, random) => ({
      insert: (request) => (sometimes(random) ? forgotten(store, request) : store.insert(request)),
    }),
    seenBy: "lost_write",
  },
  "answers reads from an older state": {
    bug: (store, random) => {
      let old: ScrollAnswer | undefined;
      return {
        scroll: async (request: ScrollRequest) => {
          if (old && sometimes(random)) return old;
          old = await store.scroll(request);
          return old;
        },
      };
    },
    seenBy: "stale_read",
  },
  "forgets the conditions of conditional writes": {
    bug: (store) => ({
      update: (request: UpdateRequest) => store.update({ ...request, if_versions: undefined }),
    }),
    seenBy: "both_succeeded",
  },
  "brings deleted rows back": {
    bug: (store, random) => ({
      delete: async (request: DeleteRequest): Promise<ChangeAnswer> => {
        if (!request.ids || request.if_versions || !sometimes(random)) return store.delete(request);
        const none = "00000000-0000-4000-8000-000000000000";
        return store.delete({ ...request, ids: [none] });
      },
    }),
    seenBy: "deleted_row_back",
  },
  "does a write again that is sent again": {
    bug: (store) => ({
      insert: (request: InsertRequest) => store.insert({ ...request, idempotency_key: undefined }),
      update: (request: UpdateRequest) => store.update({ ...request, idempotency_key: undefined }),
    }),
    seenBy: "written_twice",
  },
  "stores half of a batch": {
    bug: (store, random) => ({
      insert: async (request: InsertRequest): Promise<WriteAnswer> => {
        const { ids = [], vectors, metadata = [] } = request;
        if (ids.length < 2 || !sometimes(random)) return store.insert(request);
        const half = { ids: ids.slice(1), vectors: (vectors as number[][]).slice(1) };
        const answer = await store.insert({ ...request, ...half, metadata: metadata.slice(1) });
        return { ...answer, vector_ids: [...ids] };
      },
    }),
    seenBy: "lost_write",
  },
  "stores what it refuses": {
    bug: (store, random) => ({
      insert: async (request: InsertRequest): Promise<WriteAnswer> => {
        const answer = await store.insert(request);
        if (sometimes(random)) throw new DvespError("OVERLOADED", "too much to do");
        return answer;
      },
    }),
    seenBy: "refused_write_seen",
  },
  "answers with errors of no meaning": {
    bug: (store, random) => ({
      get: (request: GetRequest) => {
        if (sometimes(random)) return Promise.reject(new DvespError("INTERNAL", "oops"));
        return store.get(request);
      },
    }),
    seenBy: "unexpected_error",
  },
};

describe("the checkers", () => {
  it("have nothing against a sound store", async () => {
    expect(await checksThatSee(() => ({}))).toEqual([]);
  });

  it.each(Object.entries(bugs))("see a store that %s", async (_, { bug, seenBy }) => {
    expect(await checksThatSee(bug)).toContain(seenBy);
  });
});
