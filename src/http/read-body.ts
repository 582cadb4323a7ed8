/**
 * Takes in one request body, whole, into memory that can be moved to another thread. Refusals come
 * as early as they can be known: a declared length before a byte is read, any other at the byte that
 * goes too far. A body is data to us; who decodes it is decided elsewhere.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DvespError, assert, invalid } from "../base/index.js";
import { BodyCollector } from "./body-collector.js";
import type { MemoryAccount } from "./body-collector.js";

/** The client went away in the middle: nobody is left to be told. */
export class ClientGone extends Error {}

export interface BodyOptions {
  readonly bytesMax: number;
  readonly account: MemoryAccount;
}

/**
 * Errors: `TOO_LARGE` past `bytesMax` (after decompression), `OVERLOADED` from the account,
 * `INVALID_ARGUMENT` for an unknown or broken compression, `ClientGone`.
 */
export async function readBody(
  request: IncomingMessage,
  options: BodyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  assert(!request.readableEnded, "the body is still unread: mount the API before body parsers");
  const declared = declaredBytes(request);
  if (declared !== undefined && declared > options.bytesMax) throw tooLarge(options.bytesMax);
  const gzipped = isGzipped(request);
  const collector = new BodyCollector(options.account, gzipped ? undefined : declared);
  await (gzipped
    ? collectGunzipped(request, collector, options.bytesMax)
    : collect(request, request, collector, options.bytesMax));
  return collector.finish();
}

/** The length that the headers announce; undefined when it comes in chunks. */
export function declaredBytes(request: IncomingMessage): number | undefined {
  if (request.headers["transfer-encoding"] !== undefined) return undefined;
  return Number(request.headers["content-length"] ?? 0);
}

function isGzipped(request: IncomingMessage): boolean {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return false;
  if (encoding === "gzip" || encoding === "x-gzip") return true;
  throw invalid(`content encoding ${JSON.stringify(encoding)} is not known: send gzip or none`);
}

async function collectGunzipped(
  request: IncomingMessage,
  collector: BodyCollector,
  bytesMax: number,
): Promise<void> {
  const gunzip = createGunzip();
  request.pipe(gunzip);
  try {
    await collect(request, gunzip, collector, bytesMax);
  } finally {
    request.unpipe(gunzip);
    gunzip.destroy();
  }
}

/** Reads `source`, which is the request or what it is piped through, to its end. */
function collect(
  request: IncomingMessage,
  source: Readable,
  collector: BodyCollector,
  bytesMax: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      source.off("data", onData).off("end", onEnd);
      request.off("close", onClose);
      act();
    };
    const refuse = (error: unknown): void => settle(() => reject(asError(error)));
    const onData = (chunk: Buffer): void => {
      try {
        if (collector.bytes + chunk.length > bytesMax) throw tooLarge(bytesMax);
        collector.append(chunk);
      } catch (error) {
        source.pause();
        refuse(error);
      }
    };
    const onEnd = (): void => settle(resolve);
    const onClose = (): void => {
      if (!request.complete) refuse(new ClientGone("the connection closed within the body"));
    };
    source.on("data", onData).on("end", onEnd);
    // The listener stays: a stream whose late error nobody hears would end the process.
    source.on("error", (error) => {
      refuse(source === request ? new ClientGone(error.message) : invalid(gzipFault(error)));
    });
    request.on("close", onClose);
  });
}

function gzipFault(error: Error): string {
  return `the body is not sound gzip data: ${error.message}`;
}

function tooLarge(bytesMax: number): DvespError {
  return new DvespError("TOO_LARGE", `a request body may have ${bytesMax} bytes at most`);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
