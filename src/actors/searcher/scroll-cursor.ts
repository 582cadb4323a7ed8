/** Where a scroll goes on: after this id. To callers an opaque string. */
import { invalid, uuidBytes } from "../../base/index.js";

export function makeCursor(id: Uint8Array): string {
  return Buffer.from(id).toString("base64url");
}

/** Errors: `INVALID_ARGUMENT` for a string that no scroll returned. */
export function readCursor(cursor: string): Uint8Array {
  const id = new Uint8Array(Buffer.from(cursor, "base64url"));
  if (id.length !== uuidBytes || makeCursor(id) !== cursor) {
    throw invalid("not a cursor of this store", "cursor");
  }
  return id;
}
