import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { writeFileAtomic } from "@seg/node";

/** A file's SHA-256 in hex. */
export async function sha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest("hex");
}

/** The file with the checksum of `path`, in the format of `sha256sum`. */
export const checksumFile = (path: string): string => `${path}.sha256`;

/**
 * Whether `path` has the checksum that it had when it was first used. On first use it has, and its checksum is written beside
 * it where the folder can be written.
 */
export async function isUnchanged(path: string, signal?: AbortSignal): Promise<boolean> {
  const beside = checksumFile(path);
  const [actual, remembered] = await Promise.all([sha256(path, signal), readFile(beside, "utf8").catch(() => "")]);
  const expected = /^[0-9a-f]{64}/i.exec(remembered)?.[0].toLowerCase();
  if (expected !== undefined) return expected === actual;
  await writeFileAtomic(beside, `${actual}  ${basename(path)}\n`).catch(() => {});
  return true;
}
