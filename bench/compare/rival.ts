/** The parent's side of a contender's process: orders, answers, and the processors it may use. */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Answer, BuildAnswer, Order, SearchAnswer, SearchOrder } from "./messages.js";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

export class Rival {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  #end = "its process ended; what it said is above";
  readonly points: Point[] = [];
  readonly filtered: FilteredPoint[] = [];
  built!: BuildAnswer;

  constructor(
    readonly name: string,
    { program, args }: Command,
  ) {
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.once("error", (error) => (this.#end = error.message));
    // A process that has ended is noticed by its answer that never comes.
    this.#child.stdin.on("error", () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** All its threads, now and later, run on these processors only. */
  pin(processors: string): void {
    if (this.#child.pid === undefined) return;
    execFileSync("taskset", ["-acp", processors, String(this.#child.pid)], { stdio: "ignore" });
  }

  async build(): Promise<void> {
    this.built = (await this.#ask({ do: "build" })) as BuildAnswer;
  }

  async search(order: Omit<SearchOrder, "do">): Promise<SearchAnswer> {
    return (await this.#ask({ do: "search", ...order })) as SearchAnswer;
  }

  stop(): void {
    this.#child.kill();
  }

  async #ask(order: Order): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(this.#end);
      if (!value.startsWith("{")) continue;
      const answer = JSON.parse(value) as Answer;
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    }
  }
}

/** An effort, and what it took in each round. */
export interface Point {
  readonly effort: number;
  recall: number;
  readonly us: number[];
  readonly cpuUs: number[];
  /** With many searches under way on all processors; none where that is not faster. */
  readonly usAll: number[];
}

export interface FilteredPoint {
  readonly filter: string;
  readonly effort: number;
  recall: number;
  short: number;
  readonly us: number[];
  readonly cpuUs: number[];
  /** Why it gave no answer. */
  readonly failure?: string;
}
