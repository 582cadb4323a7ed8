/**
 * The network as an argument: streams of bytes between addresses. `SystemNetwork` is the machine's;
 * simulations bring their own.
 *
 * An address is `unix:/path/of/socket`, or `host:port`.
 */
import type { Duplex } from "node:stream";

export interface Listener {
  /** As others dial it: the port chosen, where 0 was asked for. */
  readonly address: string;
  /** Takes no more streams; those there are go on. */
  close(): Promise<void>;
}

export interface Network {
  /** Calls `onStream` for every stream that is dialled to `address`. Errors: `CLOSED` (in use). */
  listen(address: string, onStream: (stream: Duplex) => void): Promise<Listener>;
  /** A stream to whoever listens at `address`. Errors: `CLOSED` when nobody answers in time. */
  dial(address: string): Promise<Duplex>;
}
