/** What every network must do: streams of bytes between addresses. */
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Network } from "../../src/base/index.js";

export interface NetworkUnderTest {
  readonly listening: Network;
  readonly dialling: Network;
  /** An address that nobody listens at yet. */
  readonly address: string;
  /** Waits until `done` is true. */
  readonly until: (done: () => boolean) => Promise<void>;
}

export function networkSuite(name: string, open: () => NetworkUnderTest): void {
  describe(`network: ${name}`, () => {
    let test: NetworkUnderTest;
    const streams: Duplex[] = [];
    const closers: (() => Promise<void>)[] = [];
    beforeEach(() => {
      test = open();
    });
    afterEach(async () => {
      for (const stream of streams.splice(0)) stream.destroy();
      for (const close of closers.splice(0)) await close();
    });

    async function connected(): Promise<[Duplex, Duplex]> {
      let far: Duplex | undefined;
      const listener = await test.listening.listen(test.address, (stream) => (far = stream));
      closers.push(() => listener.close());
      const near = await settled(test.dialling.dial(listener.address));
      await test.until(() => far !== undefined);
      streams.push(near, far as Duplex);
      for (const stream of [near, far as Duplex]) stream.on("error", () => undefined);
      return [near, far as Duplex];
    }

    /** A result that may need time to pass. */
    async function settled<T>(promise: Promise<T>): Promise<T> {
      let isDone = false;
      const done = (): void => void (isDone = true);
      promise.then(done, done);
      await test.until(() => isDone);
      return promise;
    }

    it("carries bytes both ways, in order", async () => {
      const [near, far] = await connected();
      const atFar: Buffer[] = [];
      const atNear: Buffer[] = [];
      far.on("data", (chunk: Buffer) => atFar.push(Buffer.from(chunk)));
      near.on("data", (chunk: Buffer) => atNear.push(Buffer.from(chunk)));
      const sent = Array.from({ length: 50 }, (_, at) => Buffer.alloc(1000 + at * 97, at));
      for (const chunk of sent) near.write(chunk);
      far.write("back");
      const whole = Buffer.concat(sent);
      await test.until(() => Buffer.concat(atFar).length === whole.length && atNear.length > 0);
      expect(Buffer.concat(atFar).equals(whole)).toBe(true);
      expect(Buffer.concat(atNear).toString()).toBe("back");
    });

    it("tells one side when the other has ended", async () => {
      const [near, far] = await connected();
      near.resume();
      let closed = false;
      near.once("close", () => (closed = true));
      far.destroy();
      await test.until(() => closed);
      expect(near.destroyed).toBe(true);
    });

    it("refuses to dial where nobody listens, and after the listener has closed", async () => {
      const { dialling, listening, address } = test;
      const closed = { code: "CLOSED" };
      const listener = await listening.listen(address, () => undefined);
      await listener.close();
      await expect(settled(dialling.dial(listener.address))).rejects.toMatchObject(closed);
    });

    it("refuses an address that is in use", async () => {
      const listener = await test.listening.listen(test.address, () => undefined);
      closers.push(() => listener.close());
      if (listener.address.startsWith("unix:")) return;
      const again = (async () => test.listening.listen(listener.address, () => undefined))();
      await expect(again).rejects.toMatchObject({ code: "CLOSED" });
    });
  });
}
