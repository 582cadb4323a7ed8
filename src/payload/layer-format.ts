/**
 * A layer as bytes: what the index knows of some rows of one block, frozen, in shared memory.
 *
 *     u32 format | u32 length of the header | header, JSON | sections, each at a multiple of 8
 *
 * The header says where each section begins, counted from the first one.
 */
import { assert } from "../base/index.js";

export const layerFormat = 1;

/** Rank of a term with many rows, and where its bit set is. */
export type DenseTerm = readonly [rank: number, at: number];

/** One path and family: terms in rank order, and for each the rows that have it. */
export interface ColumnHeader {
  readonly numbers: number;
  readonly strings: number;
  /** Two bytes a code unit instead of one. */
  readonly wide: boolean;
  readonly numbersAt: number;
  readonly stringStartsAt: number;
  readonly charsAt: number;
  /** Where the rows of each rank start; none for dense terms. */
  readonly startsAt: number;
  readonly rowsAt: number;
  readonly dense: readonly DenseTerm[];
}

export interface LayerHeader {
  /** Rows are numbered from `block * blockRows`. */
  readonly block: number;
  /** Bit sets: rows that the layer speaks for, those that live, those it knows not everything of. */
  readonly coversAt: number;
  readonly liveAt: number;
  readonly unknownAt: number;
  /** Whether there are such. */
  readonly hasUnknown: boolean;
  /** By family, then by path. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, ColumnHeader>>>>;
}

const headBytes = 8;

/** Sections one after the other. */
export class Sections {
  readonly #parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #end = 0;

  /** Where the section begins. */
  add(view: ArrayBufferView): number {
    const at = this.#end;
    this.#parts.push({ at, bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength) });
    this.#end = roundUp(at + view.byteLength);
    return at;
  }

  /** Header and sections in shared memory. */
  toLayer(header: LayerHeader): SharedArrayBuffer {
    const text = Buffer.from(JSON.stringify(header));
    const start = roundUp(headBytes + text.length);
    const buffer = new SharedArrayBuffer(start + this.#end);
    new Uint32Array(buffer, 0, 2).set([layerFormat, text.length]);
    new Uint8Array(buffer, headBytes).set(text);
    for (const { at, bytes } of this.#parts) new Uint8Array(buffer, start + at).set(bytes);
    return buffer;
  }
}

/** A layer's header, and the offset of its sections. */
export function readLayer(buffer: SharedArrayBuffer): { header: LayerHeader; start: number } {
  const [format, length] = new Uint32Array(buffer, 0, 2);
  assert(format === layerFormat, "a layer of this format");
  const text = Buffer.from(new Uint8Array(buffer, headBytes, length)).toString();
  return {
    header: JSON.parse(text) as LayerHeader,
    start: roundUp(headBytes + (length as number)),
  };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
