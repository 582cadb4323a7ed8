/** A real replica on storage in memory, as a host of `ReplicaCluster`: restarts lose what was not durable. */
import { MemoryDisk } from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import { MerkleTree } from "../../src/consistency/index.js";
import { SharedRows } from "../../src/index/index.js";
import { AdmittedRows, ChangeLog } from "../../src/payload/index.js";
import { MemoryTables, openRowStore } from "../../src/storage/index.js";
import { answerMessage } from "../../src/actors/replica/answer-message.js";
import type { ReplicaQuestion } from "../../src/actors/replica/answer-message.js";
import { loadRows } from "../../src/actors/replica/load-rows.js";
import { Replica } from "../../src/actors/replica/replica.js";
import type { HostedReplica } from "./replica-cluster.js";

export class MemoryReplica implements HostedReplica {
  readonly #clock: Clock;
  readonly #dimension: number;
  readonly #random: Random;
  #disk = new MemoryDisk();
  #tables = new MemoryTables();
  #replica!: Replica;

  private constructor(clock: Clock, dimension: number, random: Random) {
    this.#clock = clock;
    this.#dimension = dimension;
    this.#random = random;
  }

  static async open(clock: Clock, dimension: number, random: Random): Promise<MemoryReplica> {
    const replica = new MemoryReplica(clock, dimension, random);
    await replica.#start();
    return replica;
  }

  receive(message: Parameters<HostedReplica["receive"]>[0]): unknown {
    return answerMessage(this.#replica, message as ReplicaQuestion);
  }

  /** As after a failure of power. */
  async restart(): Promise<void> {
    this.#disk = this.#disk.crash(this.#random);
    this.#tables = this.#tables.crash();
    await this.#start();
  }

  async #start(): Promise<void> {
    const dimension = this.#dimension;
    const rows = SharedRows.create({ dimension });
    const changes = ChangeLog.create();
    const reserve = (count: number): Promise<void> => {
      rows.reserve(count);
      return Promise.resolve();
    };
    const store = await openRowStore({
      ...{ directory: "/s", disk: this.#disk, openTable: this.#tables.open, dimension },
      ...{ mode: "write", reserveBytes: 0, vectorFileBytes: 4096 + 100 * dimension * 4 },
    });
    const tree = new MerkleTree();
    await loadRows({ store, rows, tree, reserve });
    this.#replica = new Replica({
      ...{ store, rows, tree, clock: this.#clock, reserve, changes },
      admitted: new AdmittedRows(changes),
      committed: () => undefined,
      moved: () => undefined,
      fail: (error) => {
        throw error;
      },
    });
  }
}
