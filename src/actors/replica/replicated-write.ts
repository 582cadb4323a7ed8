/** How a write of one replica among several is judged: nothing but versions decides. */
import { invalid, uuidBytes } from "../../base/index.js";
import { isVersion } from "../../consistency/index.js";
import { idCount } from "./packed-rows.js";
import type { PackedWrite } from "./messages.js";
import { checkContents } from "./versioned-rows.js";
import type { BlindWrite } from "./write-plan.js";

/**
 * `write`, when it is one that looks at nothing but versions, in shape. Errors: `INVALID_ARGUMENT`: who
 * coordinates replicas judges conditions, updates and filters itself.
 */
export function blindWrite(write: PackedWrite, version: string, dimension: number): BlindWrite {
  if (!isVersion(version)) throw invalid("not a version of this store", "version");
  if (write.kind === "update") throw invalid("an update is judged by its coordinator", "write");
  const { ids } = write;
  if (ids === undefined || ids.length % uuidBytes !== 0) throw invalid("whole ids expected", "ids");
  if (write.kind === "insert") {
    checkContents(write, idCount(ids), dimension);
    return write;
  }
  if (write.filter !== undefined || write.if_versions !== undefined) {
    throw invalid("conditions are judged by the coordinator", "write");
  }
  return { kind: "delete", ids };
}
