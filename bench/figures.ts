/** Figures of a run: percentiles, and a table of rows for people beside JSON for programs. */
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** The value below which `share` of `values` lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export function machine(): Record<string, string | number> {
  const { model } = cpus()[0] ?? { model: "unknown" };
  return {
    cpu: model.trim(),
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
}

export function printTable(figures: readonly Figure[]): void {
  const width = Math.max(...figures.map(({ what }) => what.length));
  for (const { what, value, unit } of figures) {
    const shown = value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(4);
    process.stdout.write(`${what.padEnd(width)}  ${shown.padStart(12)} ${unit}\n`);
  }
}

/** The figures of a run, each printed as soon as it is known. */
export class Figures {
  readonly all: Figure[] = [];

  readonly report = (what: string, value: number, unit: string): void => {
    this.all.push({ what, value, unit });
    printTable([{ what, value, unit }]);
  };

  /** Prints them as JSON beside what they are of, and writes that to a file when one is named. */
  end(facts: object, path: string | undefined): void {
    const result = { machine: machine(), ...facts, figures: this.all };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    if (path !== undefined) writeFileSync(path, JSON.stringify(result, null, 2));
  }
}
