/**
 * Versions order all writes of one row, on every node alike: a later write has the larger one.
 *
 * A version is text, `<48 bits of wall milliseconds><16 bits of counter>` as 16 hex digits, a dot, and
 * the node that stamped it. Text order is version order, so stores and callers compare strings. The
 * node makes versions of two nodes differ even within one tick.
 */
import { DvespError, assert } from "../base/index.js";

export type Version = string;

/** Before every version. */
export const versionZero: Version = "";

const pattern = /^[0-9a-f]{16}\.[A-Za-z0-9_-]{1,40}$/;
const counterMax = 0xffff;

export function isVersion(text: string): boolean {
  return pattern.test(text);
}

/** Negative, zero or positive, as `a` is older than, the same as, or newer than `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function makeVersion(time_ms: number, counter: number, node: string): Version {
  assert(counter <= counterMax, "version counter in range");
  const time = time_ms.toString(16).padStart(12, "0");
  const version = `${time}${counter.toString(16).padStart(4, "0")}.${node}`;
  assert(isVersion(version), `version ${version} is well formed`);
  return version;
}

/** The wall time in milliseconds at which a version was stamped. */
export function versionTime(version: Version): number {
  return Number.parseInt(version.slice(0, 12), 16);
}

/** The counter of a version within its millisecond. */
export function versionCounter(version: Version): number {
  return Number.parseInt(version.slice(12, 16), 16);
}

/** `text` as a version. Errors: `INVALID_ARGUMENT`, naming `field`. */
export function parseVersion(text: string, field: string): Version {
  if (!isVersion(text)) {
    throw new DvespError("INVALID_ARGUMENT", "not a version of this store", { field });
  }
  return text;
}
