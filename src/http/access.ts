/**
 * Who may call: holders of the api key, and pages whose host name is ours.
 *
 * A page of another site that makes its own name resolve to 127.0.0.1 (DNS rebinding) would be of
 * the same origin as a server there, and the browser would let it in. Its requests still carry the
 * page's name as `Host`, so a server on a loopback address takes only loopback names, unless a key
 * (which such a page does not have) or an explicit list of names settles the matter.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { DvespError } from "../base/index.js";

/** Throws `UNAUTHENTICATED` unless `headers` carry the key. */
export type KeyCheck = (headers: IncomingHttpHeaders) => void;

/** Digests are compared, in constant time: neither the key's text nor its length leaks. */
export function keyCheck(apiKey: string | undefined): KeyCheck {
  if (apiKey === undefined) return () => undefined;
  const expected = digest(apiKey);
  return (headers) => {
    const given = givenKey(headers);
    if (given === undefined) {
      throw new DvespError("UNAUTHENTICATED", "send the api key: Authorization: Bearer KEY");
    }
    if (!timingSafeEqual(digest(given), expected)) {
      throw new DvespError("UNAUTHENTICATED", "the api key is not the one of this server");
    }
  };
}

function givenKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^bearer +(\S.*)$/i.exec(headers.authorization ?? "")?.[1];
  if (bearer !== undefined) return bearer;
  const key = headers["api-key"];
  return typeof key === "string" ? key : undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Throws `PERMISSION_DENIED` for a `Host` that no caller of this server would use. */
export type HostCheck = (headers: IncomingHttpHeaders) => void;

/** `hosts` undefined: any host. Without a `Host` header (HTTP/1.0) there is no browser. */
export function hostCheck(hosts: readonly string[] | undefined): HostCheck {
  if (hosts === undefined) return () => undefined;
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return ({ host }) => {
    if (host === undefined || allowed.has(hostName(host))) return;
    const message = `host ${JSON.stringify(host)} is not a name of this server (allowed_hosts)`;
    throw new DvespError("PERMISSION_DENIED", message);
  };
}

export const loopbackHosts: readonly string[] = ["localhost", "127.0.0.1", "[::1]", "::1"];

export function isLoopback(address: string): boolean {
  return address === "::1" || address === "localhost" || /^(::ffff:)?127\./.test(address);
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}
