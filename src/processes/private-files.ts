/**
 * What other users of the machine must not read or replace: the secret of the cluster, and the
 * directory of its sockets.
 */
import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, open, readFile, realpath, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DvespError, diskErrorCode, toStorageError } from "../base/index.js";
import type { Random } from "../base/index.js";

const secretWords = 8;
const secretPattern = /^[0-9a-f]{64}$/;
/** The kernel takes 107 bytes; what is left is for the names of sockets. */
const socketDirectoryBytesMax = 80;

/** The secret kept in the file at `path`, made at the first time. Errors: `DATA_CORRUPTED`. */
export async function keepSecret(path: string, random: Random): Promise<string> {
  const kept = await readSecret(path);
  if (kept !== undefined) return kept;
  const words = Uint32Array.from({ length: secretWords }, () => random.uint32());
  const secret = Buffer.from(words.buffer).toString("hex");
  try {
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(`${secret}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  } catch (error) {
    throw toStorageError(error, `cannot write ${path}`);
  }
  return secret;
}

/** The secret in the file at `path`, if there is one. Errors: `DATA_CORRUPTED`. */
export async function readSecret(path: string): Promise<string | undefined> {
  try {
    const secret = (await readFile(path, "utf8")).trim();
    if (!secretPattern.test(secret)) {
      throw new DvespError("DATA_CORRUPTED", `${path} holds no secret of a cluster`);
    }
    await chmod(path, 0o600);
    return secret;
  } catch (error) {
    if (diskErrorCode(error) !== "ENOENT") throw error;
    return undefined;
  }
}

/**
 * A directory for sockets that only this user can enter: below `data`, or where that path is too long
 * for a socket, in the system's directory for temporary files, the same one for the same data.
 * Errors: `PERMISSION_DENIED` when somebody else made it.
 */
export async function socketDirectory(data: string): Promise<string> {
  const own = join(data, "cluster", "sockets");
  const fits = Buffer.byteLength(own) <= socketDirectoryBytesMax;
  const path = fits ? own : join(tmpdir(), `dvesp-${digestOf(await realpath(data))}`);
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (diskErrorCode(error) !== "EEXIST") throw error;
  });
  const { mode, uid } = await lstat(path);
  const isOurs = process.getuid === undefined || uid === process.getuid();
  const isDirectory = (mode & 0o170000) === 0o040000;
  if (isOurs && isDirectory && (mode & 0o077) === 0) return path;
  throw new DvespError("PERMISSION_DENIED", `other users may enter ${path}`);
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
