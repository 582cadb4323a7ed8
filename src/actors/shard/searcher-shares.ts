/**
 * What each searcher of a shard was given when it was started. What is published while it is on its way to
 * its thread does not reach it, so it is told of that once it runs.
 */
import type { IndexPublication, SharedRowsHandle } from "../../index/index.js";
import type { PayloadPublication } from "../../payload/index.js";
import type { SearcherMessage } from "../searcher/messages.js";

/** One of the search threads, by number, or the thread of the caller. */
export type SearcherPlace = number | "caller";

/** What searchers share, as of now. */
export interface Share {
  readonly rows: SharedRowsHandle;
  readonly publications: readonly IndexPublication[];
  readonly payload: PayloadPublication | undefined;
}

export interface News {
  readonly message: SearcherMessage;
  readonly attachments: readonly unknown[];
}

export class SearcherShares {
  readonly #given = new Map<SearcherPlace, Share>();

  give(searcher: SearcherPlace, share: Share): void {
    this.#given.set(searcher, share);
  }

  /** What brings a searcher that has started from what it was given to `now`. */
  news(searcher: SearcherPlace, now: Share): News[] {
    const given = this.#given.get(searcher);
    return given ? newsBetween(given, now) : [];
  }
}

function newsBetween(given: Share, { rows, publications, payload }: Share): News[] {
  const news: News[] = [];
  const tell = (message: SearcherMessage, ...attachments: unknown[]): void =>
    void news.push({ message, attachments });
  if (rows !== given.rows) tell({ type: "rows_extended" }, rows);
  const metrics = new Set(publications.map(({ spec }) => spec.metric));
  for (const { spec } of given.publications) {
    if (!metrics.has(spec.metric)) tell({ type: "index_dropped", metric: spec.metric });
  }
  for (const publication of publications) {
    if (!given.publications.includes(publication)) tell({ type: "index_published" }, publication);
  }
  if (payload && payload !== given.payload) tell({ type: "payload_published" }, payload);
  return news;
}
