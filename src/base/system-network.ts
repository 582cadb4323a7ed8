/** The machine's network: Unix sockets on one host, TCP between hosts. */
import { rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import type { Duplex } from "node:stream";
import { DvespError, invalid } from "./errors.js";
import type { Listener, Network } from "./network.js";

const unixPrefix = "unix:";
const dialMsMax = 2000;

export class SystemNetwork implements Network {
  async listen(address: string, onStream: (stream: Duplex) => void): Promise<Listener> {
    const where = placeOf(address);
    // A socket file that a dead process left: the data directory's lock says that it is dead.
    if (where.path !== undefined) await rm(where.path, { force: true });
    const server = createServer({ noDelay: true }, onStream);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => reject(unreachableAt(address, cause)));
      server.listen(where, resolve);
    });
    return {
      address: where.path === undefined ? tcpAddress(address, server.address()) : address,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    };
  }

  dial(address: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const socket = connect(placeOf(address)).setNoDelay();
      const failed = (cause: Error): void => {
        socket.destroy();
        reject(unreachableAt(address, cause));
      };
      socket.setTimeout(dialMsMax, () => failed(new Error("no answer in time")));
      socket.once("error", failed);
      socket.once("connect", () => {
        socket.setTimeout(0);
        socket.off("error", failed);
        resolve(socket);
      });
    });
  }
}

type Place =
  | { readonly path: string }
  | { readonly path?: undefined; readonly host: string; readonly port: number };

/** Errors: `INVALID_ARGUMENT`. */
function placeOf(address: string): Place {
  if (address.startsWith(unixPrefix)) return { path: address.slice(unixPrefix.length) };
  const colon = address.lastIndexOf(":");
  const port = Number(address.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw invalid(`${address} is not unix:/path or host:port`);
  }
  return { host: address.slice(0, colon), port };
}

function tcpAddress(asked: string, bound: string | AddressInfo | null): string {
  const host = asked.slice(0, asked.lastIndexOf(":"));
  return `${host}:${(bound as AddressInfo).port}`;
}

function unreachableAt(address: string, cause: Error): DvespError {
  return new DvespError("CLOSED", `${address}: ${cause.message}`, { cause });
}
