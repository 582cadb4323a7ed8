/** What is said between a cluster store and those who use it from other threads and processes. */
import type { ActorRef } from "../runtime/index.js";
import type { PutOptions, StoreChange } from "./cluster-store.js";

export type StoreMessage =
  | { readonly type: "get"; readonly key: string }
  | { readonly type: "list"; readonly prefix: string }
  | ({ readonly type: "put"; readonly key: string; readonly value: unknown } & PutOptions)
  | { readonly type: "delete"; readonly key: string; readonly if_revision?: number }
  | { readonly type: "grant_lease"; readonly ttl_ms: number }
  | { readonly type: "keep_alive"; readonly lease: string }
  | { readonly type: "revoke_lease"; readonly lease: string }
  /** Changes are told to `to` until it has ended. */
  | { readonly type: "watch"; readonly prefix: string; readonly to: ActorRef<WatchMessage> };

/** Numbered from 0, so that a listener knows when one was lost on the way. */
export interface WatchMessage {
  readonly type: "change";
  readonly number: number;
  readonly change: StoreChange;
}
