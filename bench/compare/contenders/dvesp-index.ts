/** Engine `shared` alone, in the process of its caller. */
import { efConstruction, hnswEfforts, k, m } from "../contender.js";
import type { Contender } from "../contender.js";
import { admits } from "../sets.js";
import type { FilterSpec, LoadedSet } from "../sets.js";
import type { AllowList, IndexReader } from "../../../dist/index/index.js";
import { base, index } from "./dvesp.js";

const sliceRows = 1000;

export class DvespIndex implements Contender {
  readonly kind = "index";
  readonly knob = "ef";
  readonly efforts = hnswEfforts;
  readonly isConcurrent = false;
  readonly filters = true;
  #set!: LoadedSet;
  #reader!: IndexReader;
  #ef = 0;
  #allow: AllowList | undefined;

  async build(set: LoadedSet, directory: string): Promise<void> {
    const { train, metric } = set;
    const rows = index.SharedRows.create({ dimension: train.dimension });
    rows.reserve(train.rows);
    rows.write(0, train.data);
    rows.publish(train.rows);
    rows.commit(train.rows);
    const choice = { type: "hnsw", engine: "shared", m, ef_construction: efConstruction } as const;
    const spec = index.selectIndex(
      { dimension: train.dimension, metric, index: choice },
      train.rows,
    );
    const builder = await index.openBuilder({ spec, rows, directory, disk: new base.SystemDisk() });
    while (builder.indexed < train.rows) await builder.add(sliceRows);
    this.#reader = await index.attachReader(await builder.publish(), rows);
    this.#set = set;
  }

  setEffort(effort: number): void {
    this.#ef = effort;
  }

  setFilter(filter: FilterSpec | undefined): void {
    const { train } = this.#set;
    this.#allow = undefined;
    if (!filter) return;
    const allow = index.AllowList.empty(train.rows);
    for (let row = 0; row < train.rows; row++) if (admits(this.#set, filter, row)) allow.set(row);
    this.#allow = allow;
  }

  search(query: number): ArrayLike<number> {
    const effort = { ef: this.#ef };
    const wanted = { query: this.#set.queries[query]!, k, effort, allow: this.#allow };
    return this.#reader.search(wanted).hits.ordinals;
  }
}
