/**
 * Guards memory before JSON is parsed: `[[],[],…` takes three bytes on the wire for each object of a
 * hundred in memory, so a body within the size limit could take a whole worker down.
 */
import { DvespError } from "../base/index.js";

/** Arrays and objects of one body; a batch of the largest size has some dozens per row. */
const containersMax = 4 * 1024 * 1024;
/** Bodies below this cannot hold enough of them to matter, and are not looked through. */
const checkedBytesMin = 16 * 1024 * 1024;
const quote = 0x22;
const backslash = 0x5c;
const bracket = 0x5b;
const brace = 0x7b;

/** Errors: `TOO_LARGE` when `bytes`, which is JSON or not, opens too many arrays and objects. */
export function refuseJsonBomb(bytes: Buffer): void {
  if (bytes.length < checkedBytesMin) return;
  let containers = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = endOfString(bytes, at);
    else if (byte === bracket || byte === brace) containers++;
  }
  if (containers <= containersMax) return;
  throw new DvespError("TOO_LARGE", `the body has over ${containersMax} arrays and objects`);
}

/** Where the string that begins at `start` ends; behind everything when it does not. */
function endOfString(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(quote, start + 1);
  while (end > 0 && isEscaped(bytes, end)) end = bytes.indexOf(quote, end + 1);
  return end < 0 ? bytes.length : end;
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let backslashes = 0;
  while (bytes[at - 1 - backslashes] === backslash) backslashes++;
  return backslashes % 2 === 1;
}
