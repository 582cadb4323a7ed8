import { describe, expect, it } from "vitest";
import { CommitNews } from "../../../src/actors/commit-news.js";
import { VirtualClock } from "../../../src/base/index.js";

function newsWorld(): { clock: VirtualClock; news: CommitNews; told: number[] } {
  const clock = new VirtualClock();
  const told: number[] = [];
  const news = new CommitNews(clock, 50, () => told.push(clock.monotonic()));
  return { clock, news, told };
}

describe("CommitNews", () => {
  it("tells of the first commit at once, and of those that follow together", async () => {
    const { clock, news, told } = newsWorld();
    const startMs = clock.monotonic();
    for (let commit = 0; commit < 30; commit++) {
      news.committed();
      await clock.advance(10);
    }
    expect(told.map((one) => one - startMs)).toEqual([0, 50, 100, 150, 200, 250, 300]);
  });

  it("tells of the last commit of all, and then nothing more", async () => {
    const { clock, news, told } = newsWorld();
    news.committed();
    news.committed();
    await clock.advance(1000);
    expect(told).toHaveLength(2);
    news.committed();
    expect(told).toHaveLength(3);
  });

  it("rests from when what it told of was done", async () => {
    const { clock, news, told } = newsWorld();
    const startMs = clock.monotonic();
    news.committed();
    news.committed();
    await clock.advance(20);
    news.rest();
    for (let commit = 0; commit < 10; commit++) {
      news.committed();
      await clock.advance(10);
    }
    expect(told.map((one) => one - startMs)).toEqual([0, 70, 120]);
  });

  it("tells nothing after its stop", async () => {
    const { clock, news, told } = newsWorld();
    news.committed();
    news.committed();
    news.stop();
    await clock.advance(1000);
    expect(told).toHaveLength(1);
  });
});
