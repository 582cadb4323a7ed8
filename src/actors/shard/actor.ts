/** A shard as an actor of the main thread: how coordinators of other nodes learn whom to ask. */
import { DvespError, unreachable } from "../../base/index.js";
import { defineActor } from "../../runtime/index.js";
import type { AnyDefinition } from "../../runtime/index.js";
import type { ShardAddresses, ShardMessage, ShardStatus } from "./messages.js";
import type { Shard } from "./shard.js";

const questionsAtOnce = 64;

export function shardActor(shard: Shard, isShown: () => boolean): AnyDefinition {
  return defineActor<unknown, ShardMessage>({
    concurrency: questionsAtOnce,
    start: () => ({
      receive(message): ShardAddresses | Promise<ShardStatus> {
        switch (message.type) {
          case "addresses":
            if (isShown()) return shard.addresses;
            throw new DvespError("OVERLOADED", "the shard is being filled");
          case "status":
            return shard.status();
          default:
            return unreachable(message);
        }
      },
    }),
  });
}
