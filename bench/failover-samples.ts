/**
 * What failover rounds measured, one line of JSON each, in a file that grows: a run that is cut short
 * goes on with the rounds that are missing.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { percentile } from "./figures.js";

/** Of one round. Times are in milliseconds. */
export interface Sample {
  readonly fault: string;
  readonly round: number;
  readonly node: string;
  /** From the fault until each write, and each read, that began then was answered well. */
  readonly writes: readonly number[];
  readonly reads: readonly number[];
  /** Of those calls: what went wrong before. */
  readonly errors: readonly string[];
  /** Of the load beside. */
  readonly load_calls: number;
  readonly load_errors: readonly string[];
  /** From the mending until all nodes were alive, and alike. */
  readonly healthy_ms: number;
  /** Of the machine, over a minute. */
  readonly load_average: number;
}

export class Samples {
  readonly #path: string | undefined;
  readonly #all: Sample[];

  /** Without a path nothing is kept. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#all = path !== undefined && existsSync(path) ? readLines(path) : [];
  }

  add(sample: Sample): void {
    this.#all.push(sample);
    if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify(sample)}\n`);
  }

  has(fault: string, round: number): boolean {
    return this.#all.some((one) => one.fault === fault && one.round === round);
  }

  /** A row for each fault, for people. */
  table(): string {
    const faults = [...new Set(this.#all.map(({ fault }) => fault))];
    const head = [
      "| fault | rounds | writes p50 / p99 / worst | searches p50 / p99 / worst | errors | errors of the load beside | healthy again, p50 |",
      "| --- | --- | --- | --- | --- | --- | --- |",
    ];
    return [...head, ...faults.map((fault) => this.#row(fault))].join("\n");
  }

  #row(fault: string): string {
    const samples = this.#all.filter((one) => one.fault === fault);
    const calls = samples.reduce((sum, one) => sum + one.load_calls, 0);
    const errors = samples.flatMap((one) => one.errors).length;
    const beside = samples.flatMap((one) => one.load_errors).length;
    const healthy = percentile(
      samples.map((one) => one.healthy_ms),
      0.5,
    );
    const cells = [
      fault,
      samples.length,
      times(samples.flatMap(({ writes }) => writes)),
      times(samples.flatMap(({ reads }) => reads)),
      errors,
      `${beside} of ${calls}`,
      `${Math.round(healthy)}`,
    ];
    return `| ${cells.join(" | ")} |`;
  }
}

function times(values: readonly number[]): string {
  const figures = [percentile(values, 0.5), percentile(values, 0.99), Math.max(...values)];
  return figures.map((one) => Math.round(one)).join(" / ");
}

function readLines(path: string): Sample[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Sample]));
}
