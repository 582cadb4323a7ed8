import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatUuid, packBytes } from "../../../src/base/index.js";
import { MerkleTree } from "../../../src/consistency/index.js";
import {
  advanceTree,
  commitBatch,
  deadOrdinals,
  revertTree,
} from "../../../src/actors/replica/commit-batch.js";
import type { PackedWrite } from "../../../src/actors/replica/messages.js";
import { WritePlan } from "../../../src/actors/replica/write-plan.js";
import { PlannedRows } from "../../../src/actors/replica/planned-rows.js";
import type { RowView } from "../../../src/actors/replica/planned-rows.js";
import { rowTest } from "../../../src/payload/index.js";
import { decodeMetadata, encodeMetadata } from "../../../src/protocol/index.js";
import type { Filter } from "../../../src/protocol/index.js";
import type { RowRecord } from "../../../src/storage/index.js";
import { rowsOfColumns } from "../../conformance/storage-rows.js";

const dimension = 2;
const keyOf = (id: Uint8Array): string => formatUuid(id, 0);
const idOf = (n: number): Uint8Array => new Uint8Array(16).fill(n + 1).fill(n >> 8, 15);
const packIds = (ns: readonly number[]): Uint8Array => Buffer.concat(ns.map(idOf));

/** Rows as storage would keep them: what a commit batch says is done, nothing else. */
class PlainRows implements RowView {
  readonly rows = new Map<number, RowRecord>();
  readonly ids = new Map<string, number>();
  readonly tombstones = new Map<string, string>();
  readonly vectors: number[][] = [];
  readonly tree = new MerkleTree();

  row(ordinal: number): RowRecord | undefined {
    return this.rows.get(ordinal);
  }
  ordinalOf(id: Uint8Array): number | undefined {
    return this.ids.get(keyOf(id));
  }
  tombstone(id: Uint8Array): string | undefined {
    return this.tombstones.get(keyOf(id));
  }
  knowsAny(ids: Uint8Array): boolean {
    const known = new Set([...this.ids.keys(), ...this.tombstones.keys()]);
    return Array.from({ length: ids.length / 16 }, (_, index) => formatUuid(ids, 16 * index)).some(
      (key) => known.has(key),
    );
  }
  readonly find = (filter: Filter): Iterable<RowRecord> =>
    [...this.rows.values()].filter(rowTest(filter));

  apply(plan: PlannedRows): void {
    advanceTree(this.tree, plan);
    const batch = commitBatch(plan, this.tree, [], { version: "v", nowMs: 0 });
    const packed = batch.vectors ?? new Float32Array(0);
    for (let at = 0; at < packed.length; at += dimension) {
      this.vectors.push([...packed.subarray(at, at + dimension)]);
    }
    for (const { ordinal, id, keepId } of batch.removes) {
      expect(this.rows.delete(ordinal)).toBe(true);
      if (!keepId) expect(this.ids.delete(keyOf(id))).toBe(true);
    }
    for (const row of [...batch.puts, ...rowsOfColumns(batch.columns)]) {
      this.rows.set(row.ordinal, row);
      this.ids.set(keyOf(row.id), row.ordinal);
    }
    for (const { id, version } of batch.tombstones) this.tombstones.set(keyOf(id), version);
    for (const id of batch.untombstone) this.tombstones.delete(keyOf(id));
  }

  contents(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.rows.values()].map((row) => [
        keyOf(row.id),
        {
          vector: this.vectors[row.ordinal],
          metadata: decodeMetadata(row.metadata),
          v: row.version,
        },
      ]),
    );
  }
}

type Step =
  | { kind: "insert"; ids: number[]; value: number }
  | { kind: "update"; ids: number[]; value: number; what: "vectors" | "merge" | "replace" }
  | { kind: "delete"; ids: number[] }
  | { kind: "delete_where"; value: number };

const ids = fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("insert" as const), ids, value: fc.nat(3) }),
  fc.record({
    kind: fc.constant("update" as const),
    ids,
    value: fc.nat(3),
    what: fc.constantFrom("vectors" as const, "merge" as const, "replace" as const),
  }),
  fc.record({ kind: fc.constant("delete" as const), ids }),
  fc.record({ kind: fc.constant("delete_where" as const), value: fc.nat(3) }),
);

function toWrite(one: Step): PackedWrite {
  switch (one.kind) {
    case "insert":
      return {
        kind: "insert",
        ids: packIds(one.ids),
        vectors: Float32Array.from(one.ids.flatMap((id) => [id, one.value])),
        metadata: packBytes(one.ids.map((id) => encodeMetadata({ id, value: one.value }, "m"))),
      };
    case "update": {
      const metadata = packBytes(one.ids.map(() => encodeMetadata({ value: one.value }, "m")));
      return {
        kind: "update",
        ids: packIds(one.ids),
        metadata_mode: one.what === "merge" ? "merge" : "replace",
        ...(one.what === "vectors"
          ? { vectors: Float32Array.from(one.ids.flatMap((id) => [id + 10, one.value])) }
          : { metadata }),
      };
    }
    case "delete":
      return { kind: "delete", ids: packIds(one.ids) };
    case "delete_where":
      return { kind: "delete", filter: { value: one.value } };
  }
}

/** The same step on a plain map: written without looking at the plan. */
function model(
  state: Map<string, { vector: number[]; metadata: object; v: string }>,
  one: Step,
  v: string,
) {
  if (one.kind === "delete_where") {
    for (const [key, row] of [...state]) {
      if ((row.metadata as { value?: number }).value === one.value) state.delete(key);
    }
    return;
  }
  for (const id of one.ids) {
    const key = keyOf(idOf(id));
    const old = state.get(key);
    if (one.kind === "insert") {
      state.set(key, { vector: [id, one.value], metadata: { id, value: one.value }, v });
    } else if (one.kind === "delete") {
      state.delete(key);
    } else if (old) {
      const vector = one.what === "vectors" ? [id + 10, one.value] : old.vector;
      const metadata =
        one.what === "vectors"
          ? old.metadata
          : one.what === "merge"
            ? { ...old.metadata, value: one.value }
            : { value: one.value };
      state.set(key, { vector, metadata, v });
    }
  }
}

describe("WritePlan", () => {
  it("does in groups what a plain map does one by one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        (groups) => {
          const rows = new PlainRows();
          const expected = new Map<string, { vector: number[]; metadata: object; v: string }>();
          let counter = 0;
          for (const group of groups) {
            const plan = new WritePlan(
              new PlannedRows(rows, dimension, rows.vectors.length),
              rows.find,
            );
            for (const one of group) {
              const version = `v${String(++counter).padStart(4, "0")}`;
              plan.add(toWrite(one), version);
              model(expected, one, version);
            }
            const root = rows.tree.root();
            advanceTree(rows.tree, plan.rows);
            revertTree(rows.tree, plan.rows);
            expect(rows.tree.root()).toBe(root);
            const before = new Set(rows.rows.keys());
            rows.apply(plan.rows);
            const gone = [...before].filter((ordinal) => !rows.rows.has(ordinal));
            const dead = new Set(deadOrdinals(plan.rows));
            expect(gone.every((ordinal) => dead.has(ordinal))).toBe(true);
            expect([...dead].some((ordinal) => rows.rows.has(ordinal))).toBe(false);
          }
          expect(rows.contents()).toEqual(Object.fromEntries(expected));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("plans a large insert as columns, and comes to the same when it is asked for a row", () => {
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const insert = toWrite({ kind: "insert", ids: numbers, value: 1 });
    const planned = (then: (plan: WritePlan) => void): PlainRows => {
      const rows = new PlainRows();
      const plan = new WritePlan(new PlannedRows(rows, dimension, 0), rows.find);
      plan.add(insert, "v1");
      expect(plan.rows.columns?.vectorCrcs.length).toBe(numbers.length);
      then(plan);
      const root = rows.tree.root();
      advanceTree(rows.tree, plan.rows);
      revertTree(rows.tree, plan.rows);
      expect(rows.tree.root()).toBe(root);
      rows.apply(plan.rows);
      expect([...deadOrdinals(plan.rows)]).toEqual([]);
      return rows;
    };
    const whole = planned(() => undefined);
    const single = planned((plan) => {
      const missing = toWrite({ kind: "delete", ids: [1000] });
      expect(plan.add(missing, "v2").ids).toHaveLength(0);
      expect(plan.rows.columns).toBeUndefined();
    });
    expect(whole.rows.size).toBe(numbers.length);
    expect(whole.contents()).toEqual(single.contents());
    expect(whole.rows).toEqual(single.rows);
    expect(whole.tree.root()).toBe(single.tree.root());
  });

  it("takes rows one by one where an id is known, buried, or comes twice", () => {
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    for (const [first, dead] of [
      [7, 1],
      [9, 0],
      [299, 1],
    ] as const) {
      const rows = new PlainRows();
      const before = new WritePlan(new PlannedRows(rows, dimension, 0));
      before.add(toWrite({ kind: "insert", ids: [7, 9], value: 2 }), "v1");
      before.add(toWrite({ kind: "delete", ids: [9] }), "v2");
      rows.apply(before.rows);
      const plan = new WritePlan(new PlannedRows(rows, dimension, rows.vectors.length));
      plan.add(toWrite({ kind: "insert", ids: [first, ...numbers.slice(10)], value: 3 }), "v3");
      expect(plan.rows.columns).toBeUndefined();
      rows.apply(plan.rows);
      expect(deadOrdinals(plan.rows)).toHaveLength(dead);
      expect(rows.rows.size).toBe(first === 7 ? 291 : first === 9 ? 292 : 291);
    }
  });

  it("keeps the larger version, in whichever order two writes come", () => {
    const insert = (value: number): PackedWrite => toWrite({ kind: "insert", ids: [1], value });
    const roots = [
      ["v2", "v1"],
      ["v1", "v2"],
    ].map((versions) => {
      const rows = new PlainRows();
      for (const version of versions) {
        const plan = new WritePlan(
          new PlannedRows(rows, dimension, rows.vectors.length),
          rows.find,
        );
        plan.add(insert(version === "v2" ? 2 : 1), version);
        rows.apply(plan.rows);
      }
      expect(Object.values(rows.contents())).toEqual([
        { vector: [1, 2], metadata: { id: 1, value: 2 }, v: "v2" },
      ]);
      return rows.tree.root();
    });
    expect(roots[0]).toBe(roots[1]);
  });

  it("does not bring a deleted row back with an older insert", () => {
    const rows = new PlainRows();
    const run = (one: Step, version: string): void => {
      const plan = new WritePlan(new PlannedRows(rows, dimension, rows.vectors.length), rows.find);
      plan.add(toWrite(one), version);
      rows.apply(plan.rows);
    };
    run({ kind: "insert", ids: [1], value: 1 }, "v1");
    run({ kind: "delete", ids: [1] }, "v3");
    run({ kind: "insert", ids: [1], value: 2 }, "v2");
    expect(rows.contents()).toEqual({});
    run({ kind: "insert", ids: [1], value: 3 }, "v4");
    expect(rows.rows.size).toBe(1);
    expect(rows.tombstones.size).toBe(0);
  });

  it("refuses a whole write when one version does not match, and plans nothing of it", () => {
    const rows = new PlainRows();
    const first = new WritePlan(new PlannedRows(rows, dimension, 0));
    first.add(toWrite({ kind: "insert", ids: [1, 2], value: 1 }), "v1");
    rows.apply(first.rows);
    const plan = new WritePlan(new PlannedRows(rows, dimension, rows.vectors.length), rows.find);
    const write = { kind: "delete", ids: packIds([1, 2]), if_versions: ["v1", "v0"] } as const;
    expect(() => plan.add(write, "v2")).toThrow(
      expect.objectContaining({ code: "VERSION_CONFLICT", field: "if_versions[1]" }) as Error,
    );
    const batch = commitBatch(plan.rows, rows.tree, [], { version: "v2", nowMs: 0 });
    expect([batch.puts, batch.removes, batch.tombstones]).toEqual([[], [], []]);
  });

  it("names the rows that are missing", () => {
    const rows = new PlainRows();
    const plan = new WritePlan(new PlannedRows(rows, dimension, 0));
    plan.add(toWrite({ kind: "insert", ids: [1], value: 1 }), "v1");
    const { ids: changed, missing } = plan.add(toWrite({ kind: "delete", ids: [1, 2] }), "v2");
    expect([keyOf(changed), keyOf(missing)]).toEqual([keyOf(idOf(1)), keyOf(idOf(2))]);
  });
});
