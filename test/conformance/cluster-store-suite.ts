/** What every cluster store must do, wherever it keeps its entries. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../src/base/index.js";
import type { ClusterStore, Entry, StoreChange } from "../../src/cluster/index.js";

export interface StoreUnderTest {
  readonly store: ClusterStore;
  /** Lets `ms` pass, and everything happen that happens then. */
  readonly advance: (ms: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface StoreFixture {
  readonly name: string;
  readonly open: () => Promise<StoreUnderTest>;
}

const seed = Number(process.env["SEED"] ?? 20_261_122);

export function clusterStoreSuite({ name, open }: StoreFixture): void {
  describe(`cluster store: ${name}`, () => {
    let test: StoreUnderTest;
    let store: ClusterStore;
    beforeEach(async () => {
      test = await open();
      store = test.store;
    });
    afterEach(() => test.close());

    it("keeps entries, each with the revision of its last change", async () => {
      expect(await store.get("a")).toBeUndefined();
      const first = await store.put("a", { list: [1, null, "two"], deep: { yes: true } });
      const second = await store.put("b", 2);
      expect(second.revision).toBe(first.revision + 1);
      expect(await store.get("a")).toEqual(first);
      const changed = await store.put("a", "other");
      expect(changed.revision).toBe(second.revision + 1);
      expect(await store.get("a")).toEqual({
        key: "a",
        value: "other",
        revision: changed.revision,
      });
    });

    it("lists what begins with a prefix, by key", async () => {
      for (const key of ["n/2", "n/10", "n/1", "m/1", "nn"]) await store.put(key, key);
      expect((await store.list("n/")).map(({ key }) => key)).toEqual(["n/1", "n/10", "n/2"]);
      expect(await store.list("x")).toEqual([]);
      expect(await store.list("")).toHaveLength(5);
    });

    it("changes an entry under a condition only if it holds", async () => {
      const { revision } = await store.put("a", 1, { ifRevision: 0 });
      const conflict = { code: "VERSION_CONFLICT" };
      await expect(store.put("a", 2, { ifRevision: 0 })).rejects.toMatchObject(conflict);
      await expect(store.put("a", 2, { ifRevision: revision + 1 })).rejects.toMatchObject(conflict);
      await expect(store.delete("a", revision + 1)).rejects.toMatchObject(conflict);
      expect((await store.get("a"))?.value).toBe(1);
      expect((await store.put("a", 2, { ifRevision: revision })).value).toBe(2);
      expect(await store.delete("b")).toBe(false);
      expect(await store.delete("a")).toBe(true);
      expect(await store.get("a")).toBeUndefined();
      await store.put("a", 3, { ifRevision: 0 });
    });

    it("lets one of many win who change the same entry at once", async () => {
      const { revision } = await store.put("leader", "nobody");
      const attempts = Array.from({ length: 20 }, (_, at) =>
        store.put("leader", at, { ifRevision: revision }),
      );
      const ends = await Promise.allSettled(attempts);
      const won = ends.filter(({ status }) => status === "fulfilled");
      expect(won).toHaveLength(1);
      const winner = (won[0] as PromiseFulfilledResult<Entry>).value;
      expect(await store.get("leader")).toEqual(winner);
    });

    it("tells a watcher the state and then each change under its prefix, in order", async () => {
      await store.put("n/1", "one");
      const seen: StoreChange[] = [];
      const end = store.watch("n/", (change) => seen.push(change));
      await test.advance(10);
      const two = await store.put("n/2", "two");
      await store.put("other", "no");
      await store.delete("n/1");
      await test.advance(10);
      expect(seen.map(({ type }) => type)).toEqual(["state", "put", "delete"]);
      expect(seen[0]).toMatchObject({ entries: [{ key: "n/1", value: "one" }] });
      expect(seen[1]).toEqual({ type: "put", entry: two });
      expect(seen[2]).toMatchObject({ key: "n/1", revision: two.revision + 2 });
      end();
      await store.put("n/3", "three");
      await test.advance(10);
      expect(seen).toHaveLength(3);
    });

    it("drops the entries of a lease that nobody keeps alive", async () => {
      const lease = await store.grantLease(1000);
      await store.put("n/1", "here", { lease: lease.id });
      await store.put("n/2", "stays");
      const seen: StoreChange[] = [];
      store.watch("n/", (change) => seen.push(change));
      for (let kept = 0; kept < 5; kept++) {
        await test.advance(600);
        await store.keepAlive(lease.id);
      }
      expect((await store.get("n/1"))?.value).toBe("here");
      await test.advance(1100);
      expect((await store.list("n/")).map(({ key }) => key)).toEqual(["n/2"]);
      expect(seen.at(-1)).toMatchObject({ type: "delete", key: "n/1" });
      await expect(store.keepAlive(lease.id)).rejects.toMatchObject({ code: "CLOSED" });
      const late = store.put("n/1", "again", { lease: lease.id });
      await expect(late).rejects.toMatchObject({ code: "CLOSED" });
    });

    it("gives an entry to the lease, or to none, of its last change", async () => {
      const [one, two] = [await store.grantLease(60_000), await store.grantLease(60_000)];
      await store.put("a", 1, { lease: one.id });
      await store.put("a", 2, { lease: two.id });
      await store.put("b", 1, { lease: one.id });
      await store.put("b", 2);
      await store.revokeLease(one.id);
      await store.revokeLease(one.id);
      expect((await store.list("")).map(({ key }) => key)).toEqual(["a", "b"]);
      await store.revokeLease(two.id);
      expect((await store.list("")).map(({ key }) => key)).toEqual(["b"]);
    });

    it("refuses keys without or with too many characters", async () => {
      for (const key of ["", "x".repeat(513)]) {
        await expect(store.put(key, 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      }
    });

    it(`shows watchers what it holds, through random histories (SEED=${seed})`, async () => {
      const random = seededRandom(seed);
      const model = new Map<string, unknown>();
      const shown = new Map<string, unknown>();
      let last = 0;
      store.watch("k", (change) => {
        const revision = change.type === "put" ? change.entry.revision : change.revision;
        expect(revision).toBeGreaterThanOrEqual(last);
        last = revision;
        if (change.type === "state") {
          shown.clear();
          for (const { key, value } of change.entries) shown.set(key, value);
        } else if (change.type === "put") shown.set(change.entry.key, change.entry.value);
        else shown.delete(change.key);
      });
      for (let step = 0; step < 300; step++) {
        const key = `k${randomBelow(random, 12)}`;
        if (randomBelow(random, 3) === 0) {
          expect(await store.delete(key)).toBe(model.delete(key));
        } else {
          await store.put(key, step);
          model.set(key, step);
        }
      }
      await test.advance(10);
      expect(new Map([...shown].sort())).toEqual(new Map([...model].sort()));
      expect((await store.list("k")).map(({ key, value }) => [key, value])).toEqual(
        [...model].sort(),
      );
    });
  });
}
