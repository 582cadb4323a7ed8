/** The payload index: which rows a filter admits, found without looking at each. */
export {
  AdmittedRows,
  rowTest,
  type Admitted,
  type RowTest,
  type RowView,
} from "./admitted-rows.js";
export { ChangeLog } from "./change-log.js";
export { PayloadBuilder } from "./payload-builder.js";
export type { PayloadPublication } from "./publication.js";
