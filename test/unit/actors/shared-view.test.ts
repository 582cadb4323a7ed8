import { describe, expect, it } from "vitest";
import { VirtualClock, packBytes, seededRandom } from "../../../src/base/index.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import { SharedView } from "../../../src/actors/searcher/shared-view.js";
import { ChangeLog } from "../../../src/payload/index.js";
import type { RowView } from "../../../src/payload/index.js";
import { encodeMetadata } from "../../../src/protocol/index.js";
import type { RowSnapshot } from "../../../src/storage/index.js";
import { deleteOf, insertOf, packIds, uuidOf } from "../../support/replica-world.js";
import { SearcherWorld, metadataOf, numbersOf, searchFor } from "./searcher-world.js";

const seed = Number(process.env.SEED ?? 11);
const nothing = new Uint32Array();

/** New metadata for a row that keeps its ordinal. */
const relabel = (n: number, step: number): PackedWrite => ({
  kind: "update",
  ids: packIds([n]),
  metadata: packBytes([encodeMetadata({ step }, "metadata")]),
  metadata_mode: "replace",
});

/** A view over a store that counts its snapshots. */
function viewWorld() {
  const clock = new VirtualClock();
  const changes = ChangeLog.create(16);
  let taken = 0;
  let open = 0;
  const snapshot = (): RowSnapshot => {
    taken++;
    open++;
    const release = (): void => {
      open--;
    };
    return { release } as RowSnapshot;
  };
  const view = new SharedView({ clock, changes, store: { snapshot } });
  const look = (): RowView => view.read((one) => one);
  return { clock, changes, view, look, taken: () => taken, open: () => open };
}

describe("a shared view", () => {
  it("is one snapshot while nothing is committed", () => {
    const { look, taken, open } = viewWorld();
    const first = look();
    expect(look()).toBe(first);
    expect([taken(), open()]).toEqual([1, 1]);
  });

  it("is taken anew after each commit, also of one that changed no record", () => {
    const { changes, look, taken, open } = viewWorld();
    look();
    for (const ordinals of [nothing, Uint32Array.of(3), nothing]) {
      changes.begin(ordinals);
      changes.settle();
      look();
      look();
    }
    expect([taken(), open()]).toEqual([4, 1]);
  });

  it("is nobody else's while a commit is under way, or failed", () => {
    const { changes, look, taken, open } = viewWorld();
    look();
    changes.begin(nothing);
    look();
    look();
    expect([taken(), open()]).toEqual([3, 0]);
    changes.begin(nothing);
    changes.settle();
    look();
    look();
    expect([taken(), open()]).toEqual([4, 1]);
  });

  it("lets go of its snapshot soon, when it is closed, and after an error", async () => {
    const { clock, view, look, taken, open } = viewWorld();
    look();
    await clock.advance(9);
    look();
    await clock.advance(1);
    expect([taken(), open()]).toEqual([1, 0]);
    look();
    view.release();
    expect(open()).toBe(0);
    const fail = (): never => {
      throw new Error("no");
    };
    expect(() => view.read(fail)).toThrow("no");
    expect(open()).toBe(0);
    look();
    expect([taken(), open()]).toEqual([4, 1]);
  });
});

describe("searches that share snapshots and keep records", () => {
  it("see a commit as soon as any snapshot shows it, and when it is answered", async () => {
    const world = await SearcherWorld.open();
    const { replica } = world;
    await replica.replica.write(replica.message(insertOf([1, 2, 3])));
    expect(numbersOf(world.search(1).rows)).toEqual([1, 2, 3]);
    const during: number[][] = [];
    const { onCommit } = replica.tables;
    replica.tables.onCommit = (event) => {
      onCommit(event);
      during.push(numbersOf(world.search(1).rows));
    };
    await replica.replica.write(replica.message(deleteOf([1])));
    expect(during).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
    replica.tables.onCommit = onCommit;
    expect(numbersOf(world.search(1).rows)).toEqual([2, 3]);
  });

  it("answer the metadata and versions that are stored, whatever was written before", async () => {
    const random = seededRandom(seed);
    const world = await SearcherWorld.open();
    const { replica } = world;
    const live = new Map<number, number>();
    for (let step = 0; step < 60; step++) {
      const n = random.uint32() % 30;
      const kind = random.uint32() % 4;
      if (kind === 0) {
        await replica.replica.write(replica.message(deleteOf([n])));
        live.delete(n);
      } else if (kind === 1 || !live.has(n)) {
        await replica.replica.write(replica.message(insertOf([n], () => ({ step }))));
        live.set(n, step);
      } else {
        await replica.replica.write(replica.message(relabel(n, step)));
        live.set(n, step);
      }
      if (step % 3 === 0) await replica.clock.advance(random.uint32() % 20);
      const { rows } = world.search(0, { top_k: 50 });
      const said = rows.map((row) => [row.id, metadataOf(row)?.["step"]]);
      const stored = [...live].sort(([a], [b]) => a - b).map(([id, at]) => [uuidOf(id), at]);
      expect(said, `SEED=${seed}, step ${step}`).toEqual(stored);
      const ids = [...live.keys()].map(uuidOf);
      const read = world.reader.get({ ...searchFor(0), operation: "get", ids });
      const versions = new Map(read.rows.map(({ id, version }) => [id, version]));
      for (const { id, version } of rows) expect(version).toBe(versions.get(id));
    }
  });
});
