/** Metadata filters: parsed once into a normal form, then compiled to a test of rows. */
export type { FieldNode, FieldTest, FilterNode, Ordered, RangeBound } from "./ast.js";
export { compileFilter, type Predicate } from "./compile.js";
export { compileRegex } from "./linear-regex.js";
export { parseFilter } from "./parse.js";
