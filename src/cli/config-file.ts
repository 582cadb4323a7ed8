/** Options from a file: `--config`. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { invalid } from "../base/index.js";

/** Options of the command line, over those of the environment, over those of `--config`. */
export function withConfig(command: Command): Record<string, unknown> {
  const options = command.opts<Record<string, unknown>>();
  if (typeof options["config"] !== "string") return options;
  for (const [key, value] of Object.entries(readConfig(options["config"]))) {
    if (!(key in options) && !command.options.some((one) => one.attributeName() === key)) {
      throw invalid(`${options["config"]}: there is no option ${key}`);
    }
    const source = command.getOptionValueSource(key);
    if (source === undefined || source === "default") options[key] = value;
  }
  return options;
}

/** Errors: `INVALID_ARGUMENT` for a file that cannot be read or is no JSON object. */
function readConfig(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch (error) {
    throw invalid(`${path}: ${error instanceof Error ? error.message : "cannot be read"}`);
  }
}
