/** A disk that is really full, under LMDB and vector files alike. Needs the right to mount one. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { killPrograms, runProgram } from "./storage-process.js";

const mount = await mkdtemp(join(tmpdir(), "dvesp-full-"));
const mounting = spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", mount]);
const mounted = mounting.status === 0;
if (!mounted) {
  const reason = mounting.error?.message ?? mounting.stderr.toString().trim();
  console.log(`skipped, as no small disk can be mounted: ${reason}`);
}

afterAll(async () => {
  await killPrograms();
  if (mounted) spawnSync("umount", [mount]);
  await rm(mount, { recursive: true });
});

const fillAndFree = `
const { open: openFile } = await import("node:fs/promises");
const { unlinkSync } = await import("node:fs");
async function ballast(bytes) {
  const file = await openFile(args[0] + "/ballast", "w");
  for (let left = bytes; left > 0; left -= 4096) {
    try { await file.write(Buffer.alloc(4096)); } catch (error) { break; }
  }
  await file.close();
}
const store = await open(args[0] + "/store", "write");
const codes = {};
let refusals = 0;
for (let round = 0; round < 12; round++) {
  // Leaves a little room, a different amount each time, so that now the vectors and now the table
  // find the disk full.
  await ballast(ballastBytes(round));
  for (let turn = 0; turn < 60; turn++) {
    try {
      await store.commit(batchOf(store.nextOrdinal, 40));
    } catch (error) {
      refusals++;
      const at = error.message.startsWith("commit to") ? " in the table" : " in the vectors";
      codes[error.code + at] = true;
      await check(store);
      break;
    }
  }
  unlinkSync(args[0] + "/ballast");
  await store.commit(batchOf(store.nextOrdinal, 1));
  await check(store);
}
await store.close();
const again = await open(args[0] + "/store", "write");
await check(again);
await again.close();
console.log(refusals);
for (const code of Object.keys(codes).sort()) console.log(code);
function ballastBytes(round) { return 6 * 1024 * 1024 - 1024 * 1024 - round * 3 * 4096; }
`;

const openOnFull = `
const { writeFileSync, unlinkSync, appendFileSync } = await import("node:fs");
const known = await open(args[0] + "/known", "write");
await known.commit(batchOf(0, 10));
await known.close();
try { for (;;) appendFileSync(args[0] + "/ballast", Buffer.alloc(4096)); } catch (error) { console.log(error.code); }
await open(args[0] + "/new", "write").catch((error) => console.log(error.code));
const again = await open(args[0] + "/known", "write");
const snapshots = Array.from({ length: 500 }, () => again.snapshot());
console.log(snapshots.every((snapshot) => snapshot.row(3).ordinal === 3));
for (const snapshot of snapshots) snapshot.release();
await again.commit(batchOf(10, 10)).catch((error) => console.log(error.code));
console.log(await check(again));
unlinkSync(args[0] + "/ballast");
await again.commit(batchOf(10, 10));
console.log(await check(again));
await again.close();
const fresh = await open(args[0] + "/new", "write");
await fresh.commit(batchOf(0, 1));
console.log(await check(fresh));
await fresh.close();
`;

describe("a full disk", () => {
  it.skipIf(!mounted)("refuses commits, loses nothing, and takes them again", async () => {
    const program = runProgram(fillAndFree, [mount]);
    expect(await program.ended, program.errors).toBe(0);
    const [refusals, ...codes] = program.lines;
    expect(Number(refusals)).toBeGreaterThan(5);
    expect(codes).toEqual(["STORAGE_FULL in the table", "STORAGE_FULL in the vectors"]);
  });

  it.skipIf(!mounted)("opens what is there, reads it, and makes nothing new", async () => {
    const program = runProgram(openOnFull, [mount]);
    expect(await program.ended, program.errors).toBe(0);
    expect(program.lines).toEqual([
      "ENOSPC",
      "STORAGE_FULL",
      "true",
      "STORAGE_FULL",
      "10",
      "20",
      "1",
    ]);
  });
});
