/**
 * What arrives at an HTTP port and is not HTTP: garbage, headers without end, a request that trickles
 * in for ever. There is no request object then, only a socket, so the answer is written by hand; the
 * connection ends with it, because where the next request would start is unknown.
 */
import { STATUS_CODES } from "node:http";
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { DvespError, invalid } from "../base/index.js";
import { problemOf } from "../protocol/index.js";
import type { ApiContext } from "./api-context.js";
import { problemContentType } from "./media-type.js";
import { requestIdOf } from "./request-id.js";

export function answerBrokenRequest(
  context: ApiContext,
  error: NodeJS.ErrnoException,
  socket: Duplex,
): void {
  if (socket.writableEnded) return;
  const response = responseOn(socket);
  // A reset by the client, or an answer half written already: nothing sensible can be sent.
  if (error.code === "ECONNRESET" || !socket.writable || response?.headersSent) {
    socket.destroy();
    return;
  }
  const problem = problemOf(refusalOf(error), requestIdOf(undefined, context.random));
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}`,
      `Content-Type: ${problemContentType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${problem.request_id}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
  // What the client still sends is read for a while: a reset would destroy the answer.
  const cut = context.clock.after(context.limits.lingerMs, () => socket.destroy());
  socket.once("close", () => cut.cancel());
  // With a response there is an exchange too, which is observed by itself.
  if (response === undefined) {
    context.observe({ route: "unknown", method: "", status: problem.status, seconds: 0 });
  }
}

/** The response that node has assigned to the socket: there when a request is half received. */
function responseOn(socket: Duplex & { _httpMessage?: ServerResponse | null }) {
  return socket._httpMessage ?? undefined;
}

function refusalOf(error: NodeJS.ErrnoException): DvespError {
  switch (error.code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return invalid("the request did not arrive whole within the time for it");
    case "HPE_HEADER_OVERFLOW":
      return new DvespError("TOO_LARGE", "the headers of a request are too large");
    default:
      return invalid(`this is not an HTTP/1.1 request: ${error.message}`);
  }
}
