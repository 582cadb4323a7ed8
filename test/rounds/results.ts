/** What rounds came to, one line of JSON each, in a file that grows: a run goes on where another ended. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import type { Violation } from "../sim/history.js";
import { sumOf } from "./round.js";
import type { RoundResult } from "./round.js";

/** Of one round. */
export interface RoundLine {
  readonly seed: number;
  readonly operations: number;
  readonly rows: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  /** From the last mending until all replicas were alike, and of the whole round. */
  readonly settled_ms: number;
  readonly took_ms: number;
  /** Of the machine, over a minute. */
  readonly load_average: number;
}

export class Results {
  readonly #path: string | undefined;
  readonly #lines: RoundLine[];

  /** Without a path nothing is kept. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#lines = path !== undefined && existsSync(path) ? readLines(path) : [];
  }

  has(seed: number): boolean {
    return this.#lines.some((one) => one.seed === seed);
  }

  add(result: RoundResult): RoundLine {
    const { seed, operations, rows, violations } = result;
    const line: RoundLine = {
      ...{ seed, operations, rows, violations },
      outcomes: Object.fromEntries(result.outcomes),
      faults: Object.fromEntries(result.faults),
      settled_ms: result.settledMs,
      took_ms: result.tookMs,
      load_average: loadavg()[0] ?? 0,
    };
    this.#lines.push(line);
    if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
    return line;
  }

  /** Of all rounds, those of earlier runs too. */
  total(): object {
    const lines = this.#lines;
    const sum = (of: (line: RoundLine) => number): number =>
      lines.reduce((total, one) => total + of(one), 0);
    const counts = (of: (line: RoundLine) => Readonly<Record<string, number>>): object =>
      Object.fromEntries(sumOf(lines.map((one) => new Map(Object.entries(of(one))))));
    const failed = lines.filter(({ violations }) => violations.length > 0);
    return {
      rounds: lines.length,
      operations: sum(({ operations }) => operations),
      rows: sum(({ rows }) => rows),
      outcomes: counts(({ outcomes }) => outcomes),
      faults: counts(({ faults }) => faults),
      settled_ms_max: Math.max(...lines.map((one) => one.settled_ms)),
      took_ms_mean: Math.round(sum((one) => one.took_ms) / lines.length),
      violations: sum(({ violations }) => violations.length),
      failed_seeds: failed.map(({ seed }) => seed),
    };
  }
}

function readLines(path: string): RoundLine[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.flatMap((line) => (line === "" ? [] : [JSON.parse(line) as RoundLine]));
}
