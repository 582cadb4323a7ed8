/**
 * What clients asked for and what became of it, as the checkers see it. Times are true ones; every write
 * has a number of its own, which its rows carry.
 */
import type { ConsistencyLevel } from "../../src/protocol/index.js";

/**
 * `acknowledged`: with success. `none`: refused or failed, so that it must never be seen. `unknown`: it
 * may have happened, may yet happen, or never.
 */
export type Fate = "under_way" | "acknowledged" | "none" | "unknown";

export interface WriteRecord {
  readonly number: number;
  readonly kind: "insert" | "update" | "delete";
  /** Of a delete by filter: all that it may meet. */
  readonly ids: readonly string[];
  /** Versions that the rows had to have. */
  readonly ifVersions: readonly string[] | undefined;
  readonly level: ConsistencyLevel;
  readonly calledMs: number;
  fate: Fate;
  /** Whether it was refused because another write had come first. */
  isOvertaken: boolean;
  /** What it wrote, once acknowledged: ids changed, and their version. */
  version: string | undefined;
  changed: readonly string[];
  /** When its caller had an answer, or gave up. */
  endedMs: number;
  token: string | undefined;
}

/** Whether it looks at the row first, and so decides what stands. */
export function isConditional({ kind, ifVersions }: WriteRecord): boolean {
  return kind === "update" || ifVersions !== undefined;
}

/** A row as a read saw it; undefined: it was not there. */
export interface SeenRow {
  readonly version: string;
  /** The write that it says it is of. */
  readonly number: number;
  /** The write that its vector says it is of; undefined when the vector was not read. */
  readonly vectorNumber: number | undefined;
}

export interface ReadRecord {
  readonly what: string;
  readonly node: string;
  readonly level: ConsistencyLevel;
  /** The write whose token it carried. */
  readonly after: WriteRecord | undefined;
  readonly rows: ReadonlyMap<string, SeenRow | undefined>;
}

export interface Violation {
  readonly check: string;
  readonly message: string;
}
