import { mkdtemp, open as openFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../dist/index.js";
import { NodeProcess, runCommand } from "../support/node-process.js";

describe("the command line", () => {
  let path: string;
  const data = (): string => join(path, "data");

  beforeEach(async () => void (path = await mkdtemp(join(tmpdir(), "dvesp-cli-"))));
  afterEach(() => rm(path, { recursive: true, force: true }));

  it("stops in good order on SIGTERM and SIGINT, answering what is under way", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const node = await NodeProcess.start(data(), "--threads", "1");
      const store = connect({ nodes: [node.address] });
      const vectors = Array.from({ length: 500 }, (_, row) => [row, 1, 2]);
      const insert = store.insert({ collection: "docs", vectors });
      await new Promise((resolve) => setTimeout(resolve, 20));
      const exit = node.kill(signal);
      expect((await insert).status).toBe("success");
      expect(await exit).toEqual({ code: 0, signal: null });
      await store.close();
    }
    expect((await runCommand("verify", "--data", data())).code).toBe(0);
  });

  it("says who has a data directory that is in use", async () => {
    const node = await NodeProcess.start(data(), "--threads", "1");
    const second = await runCommand("serve", "--port", "0", "--data", data());
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/DIRECTORY_LOCKED.*\d+/);
    expect((await runCommand("verify", "--data", data())).stderr).toContain("DIRECTORY_LOCKED");
    await node.kill("SIGTERM");
  });

  it("imports JSON lines into a data directory, with ids and metadata", async () => {
    const file = join(path, "rows.jsonl");
    const rows = Array.from({ length: 25 }, (_, row) => ({
      id: `00000000-0000-4000-8000-${String(row).padStart(12, "0")}`,
      vector: [row, 1],
      metadata: { row },
    }));
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
    const args = ["--collection", "docs", "--metric", "l2", "--batch", "10", "--data", data()];
    const { code, stdout } = await runCommand("import", file, ...args);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^25 rows in/)]);
    const node = await NodeProcess.start(data(), "--threads", "1");
    const store = connect({ nodes: [node.address] });
    const { vectors } = await store.get({ collection: "docs", ids: [rows[7]!.id] });
    expect(vectors[0]).toMatchObject({ metadata: { row: 7 }, vector: Float32Array.of(7, 1) });
    await store.close();
    await node.kill("SIGTERM");
  });

  it.each([
    ["rows.jsonl", '{"vector": [1, 2]}\n{"vector": [1]}', /rows\.jsonl:2: dimension 1, not 2/],
    ["rows.jsonl", '{"vector": [1, 2]}\nnonsense', /rows\.jsonl:2/],
    ["rows.jsonl", '{"vector": ["a"]}', /rows\.jsonl:1: no "vector" array of numbers/],
    ["rows.fbin", "short", /rows\.fbin/],
    ["rows.csv", "1,2", /ends in none of/],
  ])("refuses a broken file %s with where it is broken", async (name, text, message) => {
    const file = join(path, name);
    await writeFile(file, text);
    const result = await runCommand("import", file, "--collection", "docs", "--data", data());
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(message);
  });

  it("finds a single changed byte in a vector file", async () => {
    const file = join(path, "rows.jsonl");
    await writeFile(file, '{"vector": [1, 2]}\n{"vector": [3, 4]}\n');
    await runCommand("import", file, "--collection", "docs", "--data", data());
    const shard = join(data(), "collections", "docs", "shard-0");
    const vectors = (await readdir(shard)).find((name) => name.startsWith("vectors-"))!;
    const handle = await openFile(join(shard, vectors), "r+");
    const { size } = await handle.stat();
    await handle.write(Buffer.of(0x55), 0, 1, size - 2);
    await handle.close();
    const { code, stdout } = await runCommand("verify", "--data", data(), "--json");
    expect(code).toBe(1);
    const { sound, reports } = JSON.parse(stdout) as {
      sound: boolean;
      reports: { problems: string[] }[];
    };
    expect(sound).toBe(false);
    expect(reports[0]!.problems).toHaveLength(1);
  });

  it("reports usage errors and unknown commands with a non-zero exit", async () => {
    expect((await runCommand("serve", "--port", "many")).code).not.toBe(0);
    expect((await runCommand("fly")).code).not.toBe(0);
    expect((await runCommand("import", "x.fbin")).stderr).toContain("--collection");
  });
});
