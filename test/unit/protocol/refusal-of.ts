/** The operating error that `action` ends in; a test fails when it ends in anything else. */
import { type DvespError, isDvespError } from "../../../src/base/index.js";

export function refusalOf(action: () => unknown): DvespError {
  try {
    action();
  } catch (error) {
    if (isDvespError(error)) return error;
    throw error;
  }
  throw new Error("accepted, where a refusal was expected");
}
