import { statfs } from "node:fs/promises";
import { PipelineError } from "./errors.ts";

/** Bytes that are free in a folder; undefined where the disk does not tell, as some network drives. */
export async function freeSpace(folder: string): Promise<number | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk && disk.blocks > 0 ? disk.bavail * disk.bsize : undefined;
}

/**
 * @param needed - bytes.
 * @param wayOut - what helps beside freeing some.
 * @throws {PipelineError} `failed` unless they are free in the folder.
 */
export async function requireSpace(folder: string, needed: number, wayOut: string): Promise<void> {
  const free = await freeSpace(folder);
  if (free !== undefined && needed > free) throw diskFull(folder, { needed, free, wayOut });
}

/** The error for a disk that has too little room; `needed` and `free` are undefined where nobody knows. */
export function diskFull(
  folder: string,
  {
    needed,
    free,
    wayOut,
    cause,
  }: { needed: number | undefined; free: number | undefined; wayOut: string; cause?: unknown },
): PipelineError {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return new PipelineError(
    "failed",
    {
      expected: `${needed === undefined ? "more" : megabytes(needed)} of free space in ${folder}`,
      but: free === undefined ? "there is too little" : `there are ${megabytes(free)}`,
      hint: `free some, or ${wayOut}`,
    },
    { data: { folder, ...(free !== undefined && { free }), ...(needed !== undefined && { needed }) }, cause },
  );
}
