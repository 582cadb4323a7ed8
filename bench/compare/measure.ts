/**
 * Rounds: every contender answers the same queries, one contender at a time, in turns, so that a busy
 * minute of the machine falls on all of them. Medians over the rounds are reported.
 */
import type { FilterSpec } from "./sets.js";
import type { SearchOrder } from "./messages.js";
import type { Rival } from "./rival.js";

const recallEnough = 0.9985;
const underWay = 16;
/** A filtered search is made with the least effort that reaches this recall without a filter. */
const filterRecall = 0.98;

/** Row numbers that are right, of each query that is asked. */
export type Truth = readonly (readonly number[])[];

export interface Processors {
  readonly one: string;
  /** For many searches at once; not measured when missing. */
  readonly all?: string | undefined;
}

/** Finds out which recall each effort buys, up to the effort that finds all but everything. */
export async function choosePoints(rival: Rival, truth: Truth): Promise<void> {
  for (const effort of rival.built.efforts) {
    const { recall } = await rival.search({ effort, truth, atOnce: 1, queries: truth.length });
    rival.points.push({ effort, recall, us: [], cpuUs: [], usAll: [] });
    if (recall >= recallEnough) return;
  }
}

export async function measureRound(
  rival: Rival,
  processors: Processors,
  truth: Truth,
): Promise<void> {
  const queries = truth.length;
  rival.pin(processors.one);
  const [first] = rival.points;
  if (first) await warmUp(rival, { effort: first.effort, truth, atOnce: 1, queries });
  for (const { effort, us, cpuUs } of rival.points) {
    const found = await rival.search({ effort, truth, atOnce: 1, queries });
    us.push(found.us);
    cpuUs.push(found.cpuUs);
  }
  if (!rival.built.isConcurrent || processors.all === undefined) return;
  rival.pin(processors.all);
  for (const { effort, usAll } of rival.points) {
    usAll.push((await rival.search({ effort, truth, atOnce: underWay, queries })).us);
  }
}

/**
 * Asks once without measuring: while the others had their turns, caches were emptied; what is measured is a
 * contender in use.
 */
async function warmUp(rival: Rival, order: Omit<SearchOrder, "do">): Promise<void> {
  await rival.search(order);
}

export interface FilterTask {
  readonly filter: FilterSpec;
  readonly truth: Truth;
}

export async function measureFilters(rival: Rival, tasks: readonly FilterTask[]): Promise<void> {
  const enough = rival.points.find(({ recall }) => recall >= filterRecall);
  const effort = (enough ?? rival.points.at(-1))?.effort;
  if (effort === undefined) return;
  for (const [index, { filter, truth }] of tasks.entries()) {
    const known = rival.filtered[index];
    if (known?.failure !== undefined) continue;
    try {
      const order = { effort, filter, truth, atOnce: 1, queries: truth.length };
      await warmUp(rival, order);
      const { recall, short, us, cpuUs } = await rival.search(order);
      const point = known ?? { filter: filter.name, effort, recall, short, us: [], cpuUs: [] };
      point.us.push(us);
      point.cpuUs.push(cpuUs);
      rival.filtered[index] = point;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      const nothing = { recall: 0, short: 0, us: [], cpuUs: [] };
      rival.filtered[index] = { filter: filter.name, effort, ...nothing, failure };
    }
  }
}
