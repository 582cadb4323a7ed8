/**
 * Registers at rest: they are remembered as operations are, under names of their own, and expire like them.
 *
 * Layout: length u8 and promised ballot, length u8 and accepted ballot ("" for none), value.
 */
import { DvespError, invalid } from "../../base/index.js";
import { operationBytesMax } from "../../storage/index.js";
import type { Operation, RowSnapshot } from "../../storage/index.js";
import type { RegisterState } from "./replication-messages.js";

/** Operations begin with `o:` and `k:`. */
export const registerPrefix = "r:";

/** Errors: `INVALID_ARGUMENT` when the key is longer than storage takes. */
export function registerName(key: string): string {
  const name = registerPrefix + key;
  if (Buffer.byteLength(name) <= operationBytesMax) return name;
  throw invalid("the key of a register is too long", "key");
}

export function encodeRegister({ key, promised, accepted, expires_ms }: RegisterState): Operation {
  const [first, second] = [promised, accepted?.ballot ?? ""].map((text) =>
    Buffer.from(text, "latin1"),
  );
  const [promise, ballot] = [first as Buffer, second as Buffer];
  const value = Buffer.concat([
    Uint8Array.of(promise.length),
    promise,
    Uint8Array.of(ballot.length),
    ballot,
    accepted?.value ?? new Uint8Array(0),
  ]);
  return { key: registerName(key), expiresMs: expires_ms, value };
}

/** Errors: `DATA_CORRUPTED`. */
export function decodeRegister({ key, expiresMs, value }: Operation): RegisterState {
  const bytes = Buffer.from(value);
  const promisedEnd = 1 + (bytes[0] ?? 255);
  const ballotEnd = promisedEnd + 1 + (bytes[promisedEnd] ?? 255);
  if (ballotEnd > bytes.length)
    throw new DvespError("DATA_CORRUPTED", `register ${key} is damaged`);
  const ballot = bytes.toString("latin1", promisedEnd + 1, ballotEnd);
  return {
    key: key.slice(registerPrefix.length),
    promised: bytes.toString("latin1", 1, promisedEnd),
    ...(ballot !== "" && {
      accepted: { ballot, value: new Uint8Array(bytes.subarray(ballotEnd)) },
    }),
    expires_ms: expiresMs,
  };
}

/** Registers above `after`, in order of keys, at most `limit`. */
export function readRegisters(
  snapshot: RowSnapshot,
  { after, limit }: { readonly after: string; readonly limit: number },
  nowMs: number,
): RegisterState[] {
  const from = after === "" ? "" : registerPrefix + after;
  const registers: RegisterState[] = [];
  for (const operation of snapshot.operations(registerPrefix, from, nowMs)) {
    if (registers.length >= limit) break;
    registers.push(decodeRegister(operation));
  }
  return registers;
}
