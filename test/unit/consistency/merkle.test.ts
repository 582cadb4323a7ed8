import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MerkleTree, combineRoots, merkleBucket } from "../../../src/consistency/index.js";
import type { MerkleEntry } from "../../../src/consistency/index.js";

const entries = fc.uniqueArray(
  fc.record({
    id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    version: fc.constantFrom("0000000000000001.a", "0000000000000002.a", "0000000000000002.b"),
    checksums: fc.option(fc.record({ vector: fc.nat(0xffffffff), metadata: fc.nat(0xffffffff) }), {
      nil: undefined,
    }),
  }),
  { selector: (one) => Buffer.from(one.id).toString("hex"), maxLength: 40 },
);

function treeOf(list: readonly MerkleEntry[]): MerkleTree {
  const tree = new MerkleTree();
  for (const one of list) tree.add(one);
  return tree;
}

describe("MerkleTree", () => {
  it("has a root that does not depend on order", () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(treeOf([...list].reverse()).root()).toBe(treeOf(list).root());
      }),
    );
  });

  it("comes back to its root when an entry is added and taken away", () => {
    fc.assert(
      fc.property(entries, fc.nat(), (list, pick) => {
        fc.pre(list.length > 0);
        const extra = list[pick % list.length]!;
        const rest = list.filter((one) => one !== extra);
        const tree = treeOf(rest);
        const before = tree.root();
        tree.add(extra);
        expect(tree.root()).not.toBe(before);
        tree.subtract(extra);
        expect(tree.root()).toBe(before);
      }),
    );
  });

  it("adds SHA-256 of an entry to its leaf, however long its version is", () => {
    const checksums = { vector: 0xdeadbeef, metadata: 0x80000001 };
    for (let length = 0; length <= 64; length++) {
      const id = Uint8Array.from({ length: 16 }, (_, byte) => 17 * byte + length);
      const version = "v".repeat(length);
      const bytes = Buffer.alloc(25 + length);
      bytes.set(id);
      bytes[16] = 1;
      bytes.writeUInt32LE(checksums.vector, 17);
      bytes.writeUInt32LE(checksums.metadata, 21);
      bytes.write(version, 25);
      const leaf = treeOf([{ id, version, checksums }]).leaf(merkleBucket(id));
      expect(Buffer.from(leaf).toString("hex")).toBe(
        createHash("sha256").update(bytes).digest("hex"),
      );
    }
  });

  it("takes many rows as it takes them one by one, and back", () => {
    const list = fc.array(
      fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(0xffffffff)),
    );
    fc.assert(
      fc.property(list, fc.string({ maxLength: 64, unit: "binary-ascii" }), (rows, version) => {
        const metadataCrcs = Uint32Array.from(rows, ([, crc]) => crc ^ 0x5a5a5a5a);
        const columns = {
          ...{ ids: Buffer.concat(rows.map(([id]) => id)), version, metadataCrcs },
          vectorCrcs: Uint32Array.from(rows, ([, crc]) => crc),
        };
        const tree = new MerkleTree();
        const empty = tree.root();
        tree.addRows(columns);
        const single = treeOf(
          rows.map(([id, vector], index) => ({
            ...{ id, version },
            checksums: { vector, metadata: metadataCrcs[index] as number },
          })),
        );
        expect(tree.root()).toBe(single.root());
        expect(tree.takeChanged().sort()).toEqual(single.takeChanged().sort());
        tree.subtractRows(columns);
        expect(tree.root()).toBe(empty);
      }),
    );
  });

  it("changes its root with each part of an entry", () => {
    const id = new Uint8Array(16).fill(7);
    const base = { id, version: "v1", checksums: { vector: 1, metadata: 2 } };
    const variants: MerkleEntry[] = [
      { ...base, id: new Uint8Array(16).fill(8) },
      { ...base, version: "v2" },
      { ...base, checksums: { vector: 3, metadata: 2 } },
      { ...base, checksums: { vector: 1, metadata: 3 } },
      { id, version: "v1" },
    ];
    const roots = [base, ...variants].map((one) => treeOf([one]).root());
    expect(new Set(roots).size).toBe(roots.length);
  });

  it("is restored from its leaves", () => {
    fc.assert(
      fc.property(entries, (list) => {
        const tree = treeOf(list);
        const copy = new MerkleTree();
        for (const bucket of tree.takeChanged()) copy.setLeaf(bucket, tree.leaf(bucket));
        expect(copy.root()).toBe(tree.root());
        expect(tree.takeChanged()).toEqual([]);
      }),
    );
  });

  it("spreads ids that differ in one byte only", () => {
    const buckets = new Set<number>();
    for (let byte = 0; byte < 256; byte++) {
      buckets.add(merkleBucket(new Uint8Array(16).fill(byte, 15)));
    }
    expect(buckets.size).toBeGreaterThan(200);
  });
});

describe("combineRoots", () => {
  it("is the root itself for one shard, and depends on the order of several", () => {
    const [a, b] = ["aa".repeat(32), "bb".repeat(32)] as const;
    expect(combineRoots([a])).toBe(a);
    expect(combineRoots([a, b])).not.toBe(combineRoots([b, a]));
  });
});
