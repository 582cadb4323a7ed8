/**
 * A change of a few lists: new ones, dissolved ones, and rows that move. A list that loses or gains a
 * row is made again beside the old one, so that searches which still read the old lists meet every
 * row once. Dead rows are left behind.
 */
import type { SharedRows } from "../shared-rows.js";
import type { ListStore, PlacedRow, RowList } from "./list-store.js";

export class ListChange {
  readonly #store: ListStore;
  readonly #rows: SharedRows;
  /** What the lists will be, in the order of the draft. */
  readonly #lists: RowList[];
  readonly #made: RowList[];
  readonly #draft: number;
  /** Where rows go that leave their list. */
  readonly #moved = new Map<number, RowList>();
  readonly #touched = new Set<RowList>();

  private constructor(
    store: ListStore,
    rows: SharedRows,
    parts: { readonly lists: RowList[]; readonly made: RowList[]; readonly draft: number },
  ) {
    this.#store = store;
    this.#rows = rows;
    this.#lists = parts.lists;
    this.#made = parts.made;
    this.#draft = parts.draft;
  }

  /**
   * Begins to replace one list by new ones around these centroids; undefined when there is no memory
   * for them. A table must be free.
   */
  static begin(
    store: ListStore,
    rows: SharedRows,
    gone: RowList,
    centroids: readonly Float32Array[],
  ): ListChange | undefined {
    const made: RowList[] = [];
    for (const centroid of centroids) {
      const list = store.makeList(centroid);
      if (list) made.push(list);
    }
    const lists = [...store.lists.filter((list) => list !== gone), ...made];
    const isWhole = made.length === centroids.length;
    const draft = isWhole ? store.draft(store.meanOf(store.table), lists) : undefined;
    if (draft !== undefined) return new ListChange(store, rows, { lists, made, draft });
    store.abandon(undefined, made);
    return undefined;
  }

  /** Lists that did not exist before. */
  get made(): readonly RowList[] {
    return this.#made;
  }

  /** The list that a row will belong to. */
  nearest(record: number): RowList {
    const { kernels, scratch } = this.#store.memory;
    return this.#lists[kernels.nearestCentroid(record, this.#draft, scratch)] as RowList;
  }

  /** Has a row leave the list `from`. */
  move(row: PlacedRow, from: RowList, to: RowList): void {
    this.#moved.set(row.record, to);
    this.#touched.add(from).add(to);
  }

  /** The rows of a list that live. */
  *living(list: RowList): Generator<PlacedRow> {
    for (const row of this.#store.rowsOf(list)) if (!this.#rows.isDead(row.ordinal)) yield row;
  }

  /** Makes what was touched, and puts all in use; whether there was memory. */
  finish(): boolean {
    const created = [...this.#made];
    const successors = new Map<RowList, RowList>();
    for (const list of this.#touched) {
      if (!this.#lists.includes(list)) continue;
      const isNew = this.#made.includes(list);
      const successor = isNew ? list : this.#store.remakeList(list);
      if (!successor) return this.#abandon(created);
      if (!isNew) created.push(successor);
      successors.set(list, successor);
    }
    for (const list of this.#touched) {
      if (!this.#made.includes(list) && !this.#refill(list, successors)) {
        return this.#abandon(created);
      }
    }
    const lists = this.#lists.map((list) => successors.get(list) ?? list);
    this.#store.replace(this.#draft, lists);
    return true;
  }

  #refill(list: RowList, successors: ReadonlyMap<RowList, RowList>): boolean {
    for (const row of this.living(list)) {
      const to = successors.get(this.#moved.get(row.record) ?? list) as RowList;
      if (!this.#store.append(to, row)) return false;
    }
    return true;
  }

  #abandon(created: readonly RowList[]): false {
    this.#store.abandon(this.#draft, created);
    return false;
  }
}
