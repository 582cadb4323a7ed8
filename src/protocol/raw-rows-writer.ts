/**
 * Raw answers to MessagePack, member by member. It writes what the general writer would write of the
 * same answer, for a fifth of the time: a search answers in so many bytes that this is what it costs.
 */
import { unreachable } from "../base/index.js";
import { MsgpackWriter } from "./msgpack-writer.js";
import type { RawAnswer, RawRow, RawSearchAnswer } from "./raw-rows.js";

/** The encoding of a member's name. */
function nameBytes(name: string): Uint8Array {
  const writer = new MsgpackWriter(64);
  writer.string(name);
  return writer.copy();
}

/** The encodings of the names of members. */
export const memberNames = {
  id: nameBytes("id"),
  vector: nameBytes("vector"),
  distance: nameBytes("distance"),
  metadata: nameBytes("metadata"),
  version: nameBytes("version"),
  results: nameBytes("results"),
  metrics: nameBytes("metrics"),
  answers: nameBytes("answers"),
  vectors: nameBytes("vectors"),
  missing_ids: nameBytes("missing_ids"),
  next_cursor: nameBytes("next_cursor"),
};

export function writeRawAnswer(writer: MsgpackWriter, raw: RawAnswer): void {
  switch (raw.operation) {
    case "search":
      writeSearch(writer, raw);
      return;
    case "search_batch":
      writer.mapHeader(1);
      writer.raw(memberNames.answers);
      writer.arrayHeader(raw.answers.length);
      for (const one of raw.answers) writeSearch(writer, one);
      return;
    case "get":
      writer.mapHeader(2);
      writeRows(writer, memberNames.vectors, raw.rows);
      writer.raw(memberNames.missing_ids);
      writer.value(raw.missing_ids);
      return;
    case "scroll":
      writer.mapHeader(raw.next_cursor === undefined ? 1 : 2);
      writeRows(writer, memberNames.vectors, raw.rows);
      if (raw.next_cursor === undefined) return;
      writer.raw(memberNames.next_cursor);
      writer.string(raw.next_cursor);
      return;
    default:
      unreachable(raw);
  }
}

function writeSearch(writer: MsgpackWriter, { rows, metrics }: RawSearchAnswer): void {
  writer.mapHeader(2);
  writeRows(writer, memberNames.results, rows);
  writer.raw(memberNames.metrics);
  writer.value(metrics);
}

function writeRows(writer: MsgpackWriter, name: Uint8Array, rows: readonly RawRow[]): void {
  writer.raw(name);
  writer.arrayHeader(rows.length);
  for (const row of rows) writeRow(writer, row);
}

/** Members in the order of the contract; those that were not asked for are not there. */
function writeRow(writer: MsgpackWriter, row: RawRow): void {
  const { id, vector, distance, metadata, version } = row;
  writer.mapHeader(2 + Number(!!vector) + Number(distance !== undefined) + Number(!!metadata));
  writer.raw(memberNames.id);
  writer.string(id);
  if (vector) {
    writer.raw(memberNames.vector);
    writer.vector(vector);
  }
  if (distance !== undefined) {
    writer.raw(memberNames.distance);
    writer.number(distance);
  }
  if (metadata) {
    writer.raw(memberNames.metadata);
    writer.raw(metadata);
  }
  writer.raw(memberNames.version);
  writer.string(version);
}
