/** What every `Disk` promises; run on the machine's and on the one in memory. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diskErrorCode, toStorageError, type Disk } from "../../src/base/index.js";

export interface DiskFixture {
  readonly disk: Disk;
  /** An existing, empty directory. */
  readonly root: string;
  dispose(): Promise<void>;
}

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));

async function codeOf(action: Promise<unknown>): Promise<string | undefined> {
  return action.then(
    () => "resolved",
    (error: unknown) => diskErrorCode(error),
  );
}

export function diskSuite(name: string, make: () => Promise<DiskFixture>): void {
  describe(`disk: ${name}`, () => {
    let fixture: DiskFixture;
    let disk: Disk;
    let root: string;

    beforeEach(async () => {
      fixture = await make();
      ({ disk, root } = fixture);
    });
    afterEach(() => fixture.dispose());

    async function readAll(path: string): Promise<string> {
      const file = await disk.open(path, "read");
      const bytes = new Uint8Array(await file.size());
      expect(await file.read(bytes, 0)).toBe(bytes.length);
      await file.close();
      return Buffer.from(bytes).toString();
    }

    async function writeAll(path: string, content: string): Promise<void> {
      const file = await disk.open(path, "create");
      await file.write(text(content), 0);
      await file.datasync();
      await file.close();
    }

    it("reads what was written, where it was written", async () => {
      const file = await disk.open(join(root, "a"), "create");
      await file.write(text("hello"), 0);
      await file.write(text("HE"), 0);
      const middle = new Uint8Array(3);
      expect(await file.read(middle, 1)).toBe(3);
      expect(Buffer.from(middle).toString()).toBe("Ell");
      expect(await file.size()).toBe(5);
      await file.close();
      expect(await readAll(join(root, "a"))).toBe("HEllo");
    });

    it("reads fewer bytes only at the end, and none beyond it", async () => {
      await writeAll(join(root, "a"), "12345");
      const file = await disk.open(join(root, "a"), "read");
      expect(await file.read(new Uint8Array(10), 3)).toBe(2);
      expect(await file.read(new Uint8Array(10), 5)).toBe(0);
      expect(await file.read(new Uint8Array(10), 99)).toBe(0);
      await file.close();
    });

    it("fills a gap with zeros, also one that a truncation left", async () => {
      const file = await disk.open(join(root, "a"), "create");
      await file.write(text("abcdef"), 0);
      await file.truncate(2);
      await file.write(text("z"), 4);
      await file.close();
      expect(await readAll(join(root, "a"))).toBe("ab\0\0z");
    });

    it("grows a file by truncation", async () => {
      const file = await disk.open(join(root, "a"), "create");
      await file.truncate(3);
      expect(await file.size()).toBe(3);
      await file.close();
      expect(await readAll(join(root, "a"))).toBe("\0\0\0");
    });

    it("tells what is missing from what is in the way", async () => {
      await writeAll(join(root, "a"), "1");
      expect(await codeOf(disk.open(join(root, "a"), "create"))).toBe("EEXIST");
      expect(await codeOf(disk.open(join(root, "b"), "read"))).toBe("ENOENT");
      expect(await codeOf(disk.open(join(root, "b"), "write"))).toBe("ENOENT");
      expect(await codeOf(disk.open(join(root, "no", "b"), "create"))).toBe("ENOENT");
      expect(await codeOf(disk.unlink(join(root, "b")))).toBe("ENOENT");
      expect(await codeOf(disk.rename(join(root, "b"), join(root, "c")))).toBe("ENOENT");
      expect(await codeOf(disk.list(join(root, "no")))).toBe("ENOENT");
    });

    it("refuses writes to a file opened for reading", async () => {
      await writeAll(join(root, "a"), "1");
      const file = await disk.open(join(root, "a"), "read");
      await expect(file.write(text("2"), 0)).rejects.toThrow();
      await file.close();
      expect(await readAll(join(root, "a"))).toBe("1");
    });

    it("renames over what was there, and lists names in order", async () => {
      await writeAll(join(root, "new"), "new");
      await writeAll(join(root, "old"), "old");
      await writeAll(join(root, "x"), "x");
      await disk.rename(join(root, "new"), join(root, "old"));
      await disk.unlink(join(root, "x"));
      await disk.syncDirectory(root);
      expect(await disk.list(root)).toEqual(["old"]);
      expect(await readAll(join(root, "old"))).toBe("new");
    });

    it("keeps the content of a file that was unlinked while it is open", async () => {
      await writeAll(join(root, "a"), "still");
      const file = await disk.open(join(root, "a"), "read");
      await disk.unlink(join(root, "a"));
      const bytes = new Uint8Array(5);
      expect(await file.read(bytes, 0)).toBe(5);
      expect(Buffer.from(bytes).toString()).toBe("still");
      await file.close();
    });

    it("makes directories with those above, twice without harm", async () => {
      const deep = join(root, "p", "q", "r");
      await disk.makeDirectory(deep);
      await disk.makeDirectory(deep);
      await writeAll(join(deep, "a"), "1");
      expect(await disk.list(deep)).toEqual(["a"]);
      expect(await disk.list(root)).toEqual(["p"]);
    });

    it("serves two handles of one file", async () => {
      await writeAll(join(root, "a"), "one");
      const writer = await disk.open(join(root, "a"), "write");
      const reader = await disk.open(join(root, "a"), "read");
      await writer.write(text("two"), 0);
      const bytes = new Uint8Array(3);
      await reader.read(bytes, 0);
      expect(Buffer.from(bytes).toString()).toBe("two");
      await Promise.all([writer.close(), reader.close()]);
    });

    it("knows how much room there is", async () => {
      expect(await disk.freeBytes(root)).toBeGreaterThan(0);
    });
  });
}

/** Codes of a full disk become `STORAGE_FULL`, all else `INTERNAL`, one of ours stays itself. */
export function diskErrorSuite(): void {
  describe("errors of disks", () => {
    it.each([
      ["ENOSPC", "STORAGE_FULL"],
      ["EDQUOT", "STORAGE_FULL"],
      ["EFBIG", "STORAGE_FULL"],
      ["EIO", "INTERNAL"],
    ])("%s is %s", (code, expected) => {
      const error = toStorageError(Object.assign(new Error("x"), { code }), "writing");
      expect(error.code).toBe(expected);
      expect(error.message).toBe("writing: x");
      expect(toStorageError(error, "again")).toBe(error);
    });
  });
}
