import { statfs } from "node:fs/promises";
import { CliError } from "../errors.ts";

/**
 * Finds a full disk before anything is trained.
 *
 * @param bytes - how large a checkpoint is.
 * @throws {CliError} `failed` if one has no room in the folder.
 */
export async function ensureSpace(folder: string, bytes: number): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(folder);
  // Some network drives do not tell.
  if (blocks === 0 || bavail * bsize >= bytes) return;
  const megabytes = (size: number) => Math.ceil(size / 1e6);
  throw new CliError(
    "failed",
    `Expected ${megabytes(bytes)} MB of free space in ${folder} for a checkpoint but there are only ${megabytes(bavail * bsize)}: make room there, or set DIR to another folder.`,
  );
}
