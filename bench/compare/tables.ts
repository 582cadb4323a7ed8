/** The tables of a comparison, in Markdown; times are processor time, but for searches at once. */
import { median, valueAt } from "./result.js";
import type { ComparisonResult, RivalResult } from "./result.js";

const targets = [0.95, 0.98, 0.99];
const mebibyte = 2 ** 20;

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}

function speedRow({ name, built, points }: RivalResult): string {
  const one = targets.map((at) => shown(valueAt(points, at, ({ cpuUs }) => median(cpuUs))));
  const all = targets.slice(0, 2).map((at) => {
    const us = built.isConcurrent ? valueAt(points, at, ({ usAll }) => median(usAll)) : undefined;
    return shown(us && 1e6 / us);
  });
  const best = points.reduce((most, { recall }) => Math.max(most, recall), 0).toFixed(3);
  const { own, mapped } = built.memory;
  const memory = `${shown(own / mebibyte)} + ${shown(Math.max(0, mapped) / mebibyte)}`;
  const disk = shown(built.disk / mebibyte);
  return row([name, built.kind, ...one, ...all, best, shown(built.cpuSeconds), memory, disk]);
}

export function speedTable({ rivals }: ComparisonResult): string {
  const head = ["", "", ...targets.map((at) => `µs at ${at}`), "q/s, all, .95", ".98"];
  const titles = [...head, "best recall", "build, s", "memory + mapped, MiB", "disk, MiB"];
  return [row(titles), row(titles.map(() => "---")), ...rivals.map(speedRow)].join("\n");
}

export function filterTable({ rivals }: ComparisonResult): string {
  const taking = rivals.filter(({ filtered }) => filtered.length > 0);
  const names = taking[0]?.filtered.map(({ filter }) => filter) ?? [];
  const titles = ["", "effort", ...names];
  const rows = taking.map(({ name, filtered }) => {
    const cells = filtered.map(({ recall, cpuUs, short, failure }) => {
      if (failure !== undefined) return "fails";
      return `${recall.toFixed(3)} / ${shown(median(cpuUs))}${short > 0 ? ` (${short} short)` : ""}`;
    });
    return row([name, String(filtered[0]?.effort), ...cells]);
  });
  return [row(titles), row(titles.map(() => "---")), ...rows].join("\n");
}
