import { describe, expect, it } from "vitest";
import { DvespError } from "../../../src/base/index.js";
import type { Attempt } from "../../../src/client/index.js";
import { answered, client, lost, refused, unsent, written } from "./scripted-client.js";

const insert = { collection: "docs", vectors: [[1, 2]] };

describe("a client whose node gives up", () => {
  it("takes a write, or a read, elsewhere when a node gives up before its time", async () => {
    const gaveUp = refused(new DvespError("TIMEOUT", "the outcome is unknown"));
    const { store, sent } = client((_, attempt) =>
      attempt % 2 === 1 ? gaveUp : answered({ ...written, count: 1 }),
    );
    expect(await store.insert(insert)).toMatchObject({ status: "success" });
    expect(sent[1]!.body["ids"]).toEqual(sent[0]!.body["ids"]);
    expect(sent[1]!.node).not.toBe(sent[0]!.node);
    expect(await store.count({ collection: "docs" })).toMatchObject({ count: 1 });
    expect(sent).toHaveLength(4);
  });

  it("asks each node once when all of them give up, and says that the outcome is unknown", async () => {
    const gaveUp = refused(new DvespError("TIMEOUT", "the outcome is unknown"));
    const { store, nodes } = client(() => gaveUp);
    await expect(store.insert(insert)).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(nodes().sort()).toEqual(["a:1", "b:2", "c:3"]);
    const after = refused(new DvespError("VERSION_CONFLICT", "no"));
    const other = client((_, attempt) => (attempt === 1 ? gaveUp : after));
    await expect(other.store.insert(insert)).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
    const drop = client(() => gaveUp);
    const dropped = drop.store.drop_collection({ collection: "docs" });
    await expect(dropped).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(drop.sent).toHaveLength(1);
  });

  it("does not ask another node when its time is over", async () => {
    const late = refused(new DvespError("TIMEOUT", "the read was not finished in timeout_ms"));
    const part = answered({ ...written, status: "partial" });
    for (const end of [late, part]) {
      let finish: (attempt: Attempt) => void = () => undefined;
      const first = new Promise<Attempt>((resolve) => (finish = resolve));
      const { store, sent, clock } = client(
        ({ request }) => (request.path === "/healthz" ? answered(undefined) : first),
        { hedge_after_ms: 10_000 },
      );
      const call = store.insert({ ...insert, timeout_ms: 1000 });
      call.catch(() => undefined);
      await clock.advance(1001);
      finish(end);
      if (end === late) await expect(call).rejects.toMatchObject({ code: "TIMEOUT" });
      else expect(await call).toMatchObject({ status: "partial" });
      expect(sent.filter(({ request }) => request.path !== "/healthz")).toHaveLength(1);
    }
  });

  it("has another node finish a write that is partial early, and keeps that if none can", async () => {
    const part = answered({ ...written, status: "partial" });
    const { store, sent } = client((_, attempt) => (attempt === 1 ? part : answered(written)));
    expect(await store.insert(insert)).toMatchObject({ status: "success" });
    expect(sent).toHaveLength(2);
    const worse = [unsent, lost, part, refused(new DvespError("NOT_ENOUGH_REPLICAS", "two"))];
    for (const other of worse) {
      const alone = client((_, attempt) => (attempt === 1 ? part : other));
      expect(await alone.store.insert(insert)).toMatchObject({ status: "partial" });
      expect(alone.sent).toHaveLength(3);
    }
  });
});
