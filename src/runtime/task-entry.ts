/** The worker thread's side of a task pool: loads the module by URL and calls its export. */
import { type PlainError, invalid, isDvespError } from "../base/index.js";

export interface Task {
  readonly module: string;
  readonly export: string;
  readonly args: readonly unknown[];
}

/** An operating error is a result; anything else thrown rejects the task, with its stack. */
export type TaskResult =
  | { readonly outcome: "ok"; readonly value: unknown }
  | { readonly outcome: "refused"; readonly error: PlainError };

export default async function runTask(task: Task): Promise<TaskResult> {
  try {
    const loaded = (await import(task.module)) as Readonly<Record<string, unknown>>;
    const work = loaded[task.export];
    if (typeof work !== "function") throw invalid(`${task.module} exports no ${task.export}`);
    return { outcome: "ok", value: await (work as (...args: unknown[]) => unknown)(...task.args) };
  } catch (error) {
    if (isDvespError(error)) return { outcome: "refused", error: error.toPlain() };
    throw error;
  }
}
