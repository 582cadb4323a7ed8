/** What the options of all commands have in common: each is also a variable, each is checked. */
import { InvalidArgumentError, Option } from "commander";
import { parseByteSize } from "./byte-size.js";

export function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(`DVESP_${variable}`);
}

export function dataOption(): Option {
  return option("--data <directory>", "data directory", "DATA").default("./dvesp-data");
}

export function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError("not a whole number");
}

export function positive(text: string): number {
  const value = whole(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("must be at least 1");
}

export function byteSize(text: string): number {
  const value = parseByteSize(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError("not a size such as 64GiB");
}

export function list(text: string): string[] {
  return text.split(",").map((one) => one.trim());
}
