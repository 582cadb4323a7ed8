/** What many runs came to, each told as plain values so that it can come from another process. */
import type { RunResult } from "./run-seed.js";

/** A run without its trace, which only a violation is worth. */
export interface Told {
  readonly seed: number;
  readonly begun: number;
  readonly answered: number;
  readonly splits: number;
  readonly simulatedMs: number;
  readonly cpuMs: number;
  readonly faults: readonly (readonly [string, number])[];
  readonly violations: readonly string[];
  /** Lines for a reader. */
  readonly lines: readonly string[];
}

export function toldRun(result: RunResult, cpuMs: number, withTrace: boolean): Told {
  const { seed, begun, answered, splits, simulatedMs, violations, trace } = result;
  const shown = withTrace || violations.length > 0 ? trace.lines : [];
  const found = violations.map(({ check, message }) => `${check}: ${message}`);
  return {
    ...{ seed, begun, answered, splits, simulatedMs, cpuMs },
    faults: [...result.faults],
    violations: violations.map(({ check }) => check),
    lines: [...shown, ...found].map((line) => `seed ${seed}: ${line}`),
  };
}

export class Totals {
  #seeds = 0;
  #operations = 0;
  #answers = 0;
  #splits = 0;
  #simulatedMs = 0;
  #cpuMs = 0;
  readonly #faults = new Map<string, number>();
  readonly #violations = new Map<string, number>();
  readonly failed: number[] = [];

  get seeds(): number {
    return this.#seeds;
  }

  add(one: Told): void {
    this.#seeds++;
    this.#operations += one.begun;
    this.#answers += one.answered;
    this.#splits += one.splits;
    this.#simulatedMs += one.simulatedMs;
    this.#cpuMs += one.cpuMs;
    for (const [name, count] of one.faults) increase(this.#faults, name, count);
    for (const check of one.violations) increase(this.#violations, check, 1);
    if (one.violations.length > 0) this.failed.push(one.seed);
  }

  summary(): object {
    const faults = [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
    return {
      seeds: this.#seeds,
      operations: this.#operations,
      answers: this.#answers,
      splits: this.#splits,
      faults_in_all: faults,
      simulated_s: Math.round(this.#simulatedMs / 1000),
      cpu_s: Math.round(this.#cpuMs / 100) / 10,
      faults: Object.fromEntries(this.#faults),
      violations: Object.fromEntries(this.#violations),
      failed: this.failed,
    };
  }
}

function increase(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
