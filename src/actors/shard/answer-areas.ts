/** The memory in which the searchers of a shard leave their answers, as the main thread sees it. */
import { present } from "../../base/index.js";
import type { EncodedAnswer } from "../../protocol/index.js";
import { AnswerSlots } from "../searcher/answer-slots.js";
import type { AnswerArea } from "../searcher/answer-slots.js";
import type { SentAnswer } from "../searcher/messages.js";
import type { SearcherPlace } from "./searcher-shares.js";

const nothing = (): void => undefined;

export class AnswerAreas {
  /** By id; one per searcher, that of its present run. */
  readonly #areas = new Map<number, AnswerSlots>();
  readonly #idOfSearcher = new Map<SearcherPlace, number>();
  #lastId = 0;

  /** Memory for the next run of a searcher; answers of the run before it have all come in. */
  open(searcher: SearcherPlace): AnswerArea {
    const area = AnswerSlots.area(++this.#lastId);
    const before = this.#idOfSearcher.get(searcher);
    if (before !== undefined) this.#areas.delete(before);
    this.#idOfSearcher.set(searcher, area.id);
    this.#areas.set(area.id, new AnswerSlots(area));
    return area;
  }

  /** The bytes of an answer where they are. To be let go of. */
  read(sent: SentAnswer): EncodedAnswer {
    if (sent instanceof Uint8Array) return { body: sent, release: nothing };
    const { area, slot, bytes } = sent;
    const slots = present(this.#areas.get(area), `answer area ${area}`);
    return {
      body: slots.memoryOf(slot).subarray(0, bytes),
      release: () => slots.release(slot),
    };
  }
}
