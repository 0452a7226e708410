import { statfs } from "node:fs/promises";
import { PipelineError } from "./errors.ts";

/** Bytes that are free in a folder; infinite where the system does not tell. */
export async function freeSpace(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => undefined);
  return found && found.blocks > 0 ? found.bavail * found.bsize : Number.POSITIVE_INFINITY;
}

/**
 * @param needed - bytes.
 * @param wayOut - what helps beside freeing some.
 * @throws {PipelineError} `failed` unless they are free in the folder.
 */
export async function requireSpace(folder: string, needed: number, wayOut: string): Promise<void> {
  const free = await freeSpace(folder);
  if (needed > free) throw diskFull(folder, { needed, free, wayOut });
}

/** The error for a disk that has too little room; `needed` is undefined where nobody knows. */
export function diskFull(
  folder: string,
  { needed, free, wayOut, cause }: { needed: number | undefined; free: number; wayOut: string; cause?: unknown },
): PipelineError {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return new PipelineError(
    "failed",
    {
      expected: `${needed === undefined ? "more" : megabytes(needed)} of free space in ${folder}`,
      but: `there are ${megabytes(free)}`,
      hint: `free some, or ${wayOut}`,
    },
    { data: { folder, free, ...(needed !== undefined && { needed }) }, cause },
  );
}
