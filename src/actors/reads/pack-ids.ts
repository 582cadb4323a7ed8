/** Ids as text to ids as 16 bytes each. */
import { parseUuid, uuidBytes } from "../../base/index.js";

export function packIds(ids: readonly string[]): Uint8Array {
  const packed = new Uint8Array(ids.length * uuidBytes);
  ids.forEach((id, index) => parseUuid(id, packed, index * uuidBytes));
  return packed;
}
