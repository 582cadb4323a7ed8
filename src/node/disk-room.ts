/**
 * Whether the disk of a node has room for rows. Looked at once a second, so that operators hear of a
 * full disk, and of one that has room again, also while nobody writes. Nothing is decided by it: whoever
 * writes asks the disk itself.
 */
import type { Clock, Disk, Timer } from "../base/index.js";
import type { DiskDescription } from "../protocol/index.js";
import { rowReserveBytes } from "../storage/index.js";

export interface DiskRoomParts {
  readonly clock: Clock;
  readonly disk: Disk;
  /** The data directory. */
  readonly path: string;
  readonly emit: (type: string, details: Readonly<Record<string, unknown>>) => void;
}

const lookMs = 1000;

export class DiskRoom {
  readonly #parts: DiskRoomParts;
  #description: DiskDescription | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: DiskRoomParts) {
    this.#parts = parts;
  }

  /** As of the last look; undefined before the first, or when the disk does not say. */
  get description(): DiskDescription | undefined {
    return this.#description;
  }

  start(): void {
    void this.#lookAgain();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #lookAgain(): Promise<void> {
    await this.#look();
    if (!this.#stopped) {
      this.#timer = this.#parts.clock.after(lookMs, () => void this.#lookAgain());
    }
  }

  async #look(): Promise<void> {
    const { disk, path, emit } = this.#parts;
    const free_bytes = await disk.freeBytes(path).catch(() => undefined);
    const wasFull = this.#description?.full ?? false;
    const full = free_bytes === undefined ? wasFull : free_bytes < rowReserveBytes;
    this.#description = free_bytes === undefined ? undefined : { free_bytes, full };
    if (this.#stopped || full === wasFull) return;
    emit(full ? "disk_full" : "disk_has_room", { path, free_bytes });
  }
}
