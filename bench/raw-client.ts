/**
 * One connection of the load generator: sends requests that were made beforehand and finds the end of
 * each answer, reading no more of it than its head. So a request costs tens of microseconds here, and
 * the figures are those of the server.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";

const headEnd = Buffer.from("\r\n\r\n");
const lengthName = Buffer.from("content-length: ");
const success = Buffer.from("HTTP/1.1 200");
const readBytes = 256 * 1024;
const firstAnswerBytes = 64 * 1024;

/** A request in MessagePack, as bytes. */
export function encodePost(address: string, path: string, body: Uint8Array): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${address}`,
    "content-type: application/msgpack",
    "accept: application/msgpack",
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

export class RawClient {
  readonly #socket: Socket;
  #onAnswer: (body: Buffer) => void = () => undefined;
  readonly #onError: (error: Error) => void;
  /** Of the answer that is coming in: its bytes so far, and how many it will have. */
  #bytes = Buffer.allocUnsafeSlow(firstAnswerBytes);
  #length = 0;
  #bodyAt = 0;
  #end = 0;

  /** `address`: `HOST:PORT`. */
  constructor(address: string, onError: (error: Error) => void) {
    const [host = "", port] = address.split(":");
    this.#onError = onError;
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    const onread = {
      buffer,
      callback: (size: number): boolean => {
        this.#take(buffer, size);
        return true;
      },
    };
    this.#socket = connect({ host, port: Number(port), noDelay: true, onread });
    this.#socket.on("error", onError);
  }

  /** `onAnswer` gets the body, valid during the call only. One request at a time. */
  send(request: Buffer, onAnswer: (body: Buffer) => void): void {
    this.#onAnswer = onAnswer;
    this.#length = 0;
    this.#end = 0;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer, size: number): void {
    this.#reserve(this.#length + size);
    chunk.copy(this.#bytes, this.#length, 0, size);
    this.#length += size;
    if (this.#end === 0 && !this.#readHead()) return;
    if (this.#length < this.#end) return;
    this.#onAnswer(this.#bytes.subarray(this.#bodyAt, this.#end));
  }

  /** Whether the head is complete. */
  #readHead(): boolean {
    const head = this.#bytes.subarray(0, this.#length);
    const end = head.indexOf(headEnd);
    if (end < 0) return false;
    if (!head.subarray(0, success.length).equals(success)) {
      this.#onError(new Error(head.toString("latin1", 0, 500)));
      return false;
    }
    const at = head.indexOf(lengthName) + lengthName.length;
    this.#bodyAt = end + headEnd.length;
    this.#end = this.#bodyAt + Number(head.toString("latin1", at, head.indexOf("\r", at)));
    this.#reserve(this.#end);
    return true;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(bytes * 2);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
