/** Figures of a run: percentiles, and a table of rows for people beside JSON for programs. */
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
