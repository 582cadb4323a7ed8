/**
 * Whether the data that a half of a shard has on this node is of the split that the map speaks of. It gets
 * a name when it is made, which the map takes over with the half: then it is known again, or was lost.
 */
import { shardDirectory } from "../actors/index.js";
import type { Half } from "../actors/index.js";
import { present, randomUuid } from "../base/index.js";
import type { Disk, Random } from "../base/index.js";
import type { Catalog } from "./catalog.js";
import { makeIdentity, readIdentity } from "./replica-identity.js";

export interface HalfClaimParts {
  readonly catalog: Catalog;
  readonly disk: Disk;
  readonly random: Random;
}

export class HalfClaims {
  readonly #parts: HalfClaimParts;

  constructor(parts: HalfClaimParts) {
    this.#parts = parts;
  }

  /** Afterwards what is there is of this split. `close` stops the actors of what is not. */
  async claim({ collection, half, split }: Half, close: () => Promise<void>): Promise<void> {
    const { disk, random } = this.#parts;
    const directory = this.#directoryOf(collection, half);
    if ((await readIdentity(disk, directory))?.split === split) return;
    await close();
    await makeIdentity(disk, directory, { identity: randomUuid(random), split });
  }

  /** The name of the data of a half that was claimed. */
  async identityOf(collection: string, half: number): Promise<string> {
    const found = await readIdentity(this.#parts.disk, this.#directoryOf(collection, half));
    return present(found, "a half that was claimed").identity;
  }

  #directoryOf(collection: string, half: number): string {
    return shardDirectory(this.#parts.catalog.directoryOf(collection), half);
  }
}
