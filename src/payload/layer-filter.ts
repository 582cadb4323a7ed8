/**
 * A filter compiled to questions about the terms of a layer. The answer is two sets of rows: those
 * that certainly match, and those that may. Where terms say everything they are the same; where not
 * (a long string, an object compared whole, a path into an array by number), whoever asks looks at
 * the metadata of the rows between. Both sets hold live rows only.
 *
 * Invariant, for every node: must ⊆ rows that match ⊆ may ⊆ live.
 */
import { unreachable, type JsonValue } from "../base/index.js";
import { compileRegex } from "../filters/index.js";
import type { FieldNode, FieldTest, FilterNode } from "../filters/index.js";
import { one } from "./column.js";
import type { Column, RankRange } from "./column.js";
import type { Layer } from "./layer.js";
import { addRows, inBoth, noRows, without } from "./row-bits.js";
import type { RowBits } from "./row-bits.js";
import { isIndexedKey, isPlain } from "./row-terms.js";
import type { Family, PlainValue } from "./row-terms.js";
import { fixedRanks, termCharsMax } from "./terms.js";

export interface Bounds {
  readonly must: RowBits;
  /** The same object as `must` when that is all. */
  readonly may: RowBits;
}

export type LayerFilter = (layer: Layer) => Bounds;

export function compileLayerFilter(node: FilterNode): LayerFilter {
  switch (node.kind) {
    case "all": {
      const parts = node.nodes.map(compileLayerFilter);
      return (layer) => parts.reduce((sum, part) => both(sum, part(layer)), exactly(layer.live));
    }
    case "any": {
      const parts = node.nodes.map(compileLayerFilter);
      return (layer) => parts.reduce((sum, part) => either(sum, part(layer)), exactly(noRows()));
    }
    case "not": {
      const part = compileLayerFilter(node.node);
      return (layer) => complement(layer, part(layer));
    }
    case "field":
      return compileField(node);
    default:
      return unreachable(node);
  }
}

function exactly(rows: RowBits): Bounds {
  return { must: rows, may: rows };
}

function both(left: Bounds, right: Bounds): Bounds {
  const must = inBoth(left.must, right.must);
  const isExact = left.may === left.must && right.may === right.must;
  return { must, may: isExact ? must : inBoth(left.may, right.may) };
}

function either(left: Bounds, right: Bounds): Bounds {
  const must = sum(left.must, right.must);
  const isExact = left.may === left.must && right.may === right.must;
  return { must, may: isExact ? must : sum(left.may, right.may) };
}

function sum(left: RowBits, right: RowBits): RowBits {
  const rows = left.slice();
  addRows(rows, right);
  return rows;
}

function complement({ live }: Layer, { must, may }: Bounds): Bounds {
  const rest = without(live, may);
  return { must: rest, may: must === may ? rest : without(live, must) };
}

/** Adds what the terms of one layer say to two sets. */
type Gather = (columns: (family: Family) => Column | undefined, rows: Gathered) => void;

interface Gathered {
  readonly must: RowBits;
  /** Rows that only may match, beyond those in `must`. */
  maybe: RowBits | undefined;
}

function compileField({ path, test }: FieldNode): LayerFilter {
  if (!path.every(isIndexedKey)) return ({ live }) => ({ must: noRows(), may: live });
  const name = path.join(".");
  const gather = compileTest(test);
  return (layer) => {
    const rows: Gathered = { must: noRows(), maybe: undefined };
    gather((family) => layer.column(name, family), rows);
    if (layer.unknown) addRows((rows.maybe ??= noRows()), layer.unknown);
    const { must, maybe } = rows;
    return { must, may: maybe ? sum(must, maybe) : must };
  };
}

function compileTest(test: FieldTest): Gather {
  switch (test.op) {
    case "in":
      return gatherIn(
        test.values.filter(isPlain),
        test.values.some((value) => !isPlain(value)),
      );
    case "range": {
      const { bound, value } = test;
      return fromBoth((column) => [column.ranksWithin(bound, value)], typeof value === "string");
    }
    case "exists":
      return (columns, { must }) => columns("value")?.addTo(must, one(fixedRanks.leads));
    case "contains":
      return gatherContains(test.value);
    case "size": {
      const { size } = test;
      return from("size", (column) => [column.ranksOf(size)], false);
    }
    case "regex": {
      const regex = compileRegex(test.pattern, test.flags);
      return fromBoth((column) => column.ranksPassing((text) => regex.test(text)), true);
    }
    default:
      return unreachable(test);
  }
}

type Ranks = (column: Column) => Iterable<RankRange>;

/** The rows of terms of one family; those with a long string too, as a maybe, when `orLong`. */
function from(family: Family, ranks: Ranks, orLong: boolean): Gather {
  return (columns, rows) => {
    const column = columns(family);
    if (!column) return;
    for (const range of ranks(column)) column.addTo(rows.must, range);
    if (orLong) column.addTo((rows.maybe ??= noRows()), one(fixedRanks.long));
  };
}

/** A value against an array matches any of its elements too. */
function fromBoth(ranks: Ranks, orLong: boolean): Gather {
  const value = from("value", ranks, orLong);
  const element = from("element", ranks, orLong);
  return (columns, rows) => {
    value(columns, rows);
    element(columns, rows);
  };
}

function gatherIn(values: readonly PlainValue[], hasContainers: boolean): Gather {
  const plain = fromBoth(
    (column) => values.map((value) => column.ranksOf(value)),
    values.some(isLong),
  );
  return (columns, rows) => {
    plain(columns, rows);
    if (hasContainers) columns("value")?.addTo((rows.maybe ??= noRows()), one(fixedRanks.leads));
  };
}

function gatherContains(part: JsonValue): Gather {
  if (!isPlain(part)) return gatherIn([], true);
  const element = from("element", (column) => [column.ranksOf(part)], isLong(part));
  if (typeof part !== "string") return element;
  const within = from(
    "value",
    (column) => column.ranksPassing((text) => text.includes(part)),
    true,
  );
  return (columns, rows) => {
    element(columns, rows);
    within(columns, rows);
  };
}

function isLong(value: PlainValue): boolean {
  return typeof value === "string" && value.length > termCharsMax;
}
