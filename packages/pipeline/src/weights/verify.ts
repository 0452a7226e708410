import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { CheckpointError, readCheckpoint } from "@seg/checkpoint";
import { openRegularFile, readRegularFile, writeFileAtomic } from "@seg/node";

/**
 * The digest of a regular file, or of several in a row, in hex.
 *
 * @throws {FileError} `unreadable`.
 */
export async function digestOf(
  algorithm: "sha1" | "sha256",
  paths: string | readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm);
  for (const path of [paths].flat()) {
    const file = await openRegularFile(path);
    await pipeline(file.createReadStream(), hash, { signal, end: false });
  }
  return hash.digest("hex");
}

/** A file's SHA-256 in hex. */
export const sha256 = (path: string, signal?: AbortSignal): Promise<string> => digestOf("sha256", path, signal);

/** More than a checksum and a file's name. */
const LONGEST_CHECKSUM = 10_000;

/** The file with the checksum of `path`, in the format of `sha256sum`. */
const checksumFile = (path: string): string => `${path}.sha256`;

/**
 * What is wrong with a file of weights in the cache, as it follows the file's name; undefined when nothing is. It must open, with all its
 * tensors, and have the checksum that it had then, which is written beside it where the folder can be written.
 *
 * @throws {CheckpointError} `unreadable`, or {FileError} `unreadable`, if the system does not let it be read.
 */
export async function whatIsWrong(path: string, signal?: AbortSignal): Promise<string | undefined> {
  const beside = checksumFile(path);
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile()) return "is no regular file";
  const [actual, remembered] = await Promise.all([
    sha256(path, signal),
    readRegularFile(beside, { limit: LONGEST_CHECKSUM }).then(String, () => ""),
  ]);
  // The star, sha256sum's sign of a binary file, is here that of one that has been opened.
  const [, expected, star] = /^([0-9a-f]{64}) ([ *])/i.exec(remembered) ?? [];
  if (expected !== undefined && expected.toLowerCase() !== actual) {
    return `is not what it was when it was first used (${beside})`;
  }
  if (star === "*") return undefined;
  const why = await whyNotWeights(path);
  if (why !== undefined) return `does not open (${why})`;
  await writeFileAtomic(beside, `${actual} *${basename(path)}\n`).catch(() => {});
  return undefined;
}

/**
 * Why a file is none of weights, or not all of one, found by reading all its tensors; undefined when it is.
 *
 * @throws {CheckpointError} `unreadable` if the system does not let it be read.
 */
export async function whyNotWeights(path: string): Promise<string | undefined> {
  try {
    await readCheckpoint(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.code === "unreadable") throw error;
    return error.message.replace(`${path}: `, "").replace(/\.$/, "");
  }
}
