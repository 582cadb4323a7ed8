import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/base/index.js";
import { DeadLetters, Mailbox, deadLetterReasons } from "../../../src/mailbox/index.js";

describe("mailbox", () => {
  it("R4: takes control before user, each in order, as a model of two lists does", () => {
    const step = fc.oneof(
      fc.constant("take" as const),
      fc.constant("control" as const),
      fc.constant("user" as const),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 400 }),
        fc.integer({ min: 1, max: 40 }),
        (steps, room) => {
          const mailbox = new Mailbox<number>(room);
          const model = { control: [] as number[], user: [] as number[] };
          steps.forEach((what, number) => {
            if (what === "take") {
              expect(mailbox.take()).toBe(model.control.shift() ?? model.user.shift());
            } else {
              const fits = what === "control" || model.user.length < room;
              if (fits) model[what].push(number);
              expect(mailbox.offer(number, what)).toBe(fits);
            }
            expect(mailbox.size).toBe(model.control.length + model.user.length);
          });
          expect(mailbox.drain()).toEqual([...model.control, ...model.user]);
          expect(mailbox.size).toBe(0);
        },
      ),
    );
  });

  it("R9: refuses beyond its bound in either lane, and keeps what it has", () => {
    const mailbox = new Mailbox<number>(3);
    expect([1, 2, 3, 4].map((n) => mailbox.offer(n, "user"))).toEqual([true, true, true, false]);
    for (let n = 0; n < limits.mailboxMessagesMax; n++)
      expect(mailbox.offer(n, "control")).toBe(true);
    expect(mailbox.offer(0, "control")).toBe(false);
    expect(mailbox.drain().slice(-3)).toEqual([1, 2, 3]);
  });
});

describe("dead letters", () => {
  it("counts by reason and names every reason", () => {
    const letters = new DeadLetters();
    letters.count("expired");
    letters.count("expired");
    letters.count("no_actor");
    expect(letters.of("expired")).toBe(2);
    const snapshot = letters.snapshot();
    expect(Object.keys(snapshot).sort()).toEqual([...deadLetterReasons].sort());
    expect(Object.values(snapshot).reduce((sum, count) => sum + count)).toBe(3);
  });
});
