import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Files by their paths within a folder, as they were when they were put there: bytes, and SHA-256 in hex. */
export type FileRecord = Readonly<Record<string, { size: number; sha256: string }>>;

/** Records all files in and below folders of `dir`, links followed. */
export async function recordOf(dir: string, folders: readonly string[]): Promise<FileRecord> {
  const record: Record<string, { size: number; sha256: string }> = {};
  for (const folder of folders) {
    for (const name of (await readdir(join(dir, folder), { recursive: true }).catch(() => [])).sort()) {
      const path = join(folder, name);
      const found = await stat(join(dir, path));
      if (found.isFile()) record[path] = { size: found.size, sha256: await sha256(join(dir, path)) };
    }
  }
  return record;
}

/** Which file is gone or has another size, in words; undefined if none is. A library that was cut ends the process that touches what it lacks. */
export function whatIsCut(dir: string, record: FileRecord): string | undefined {
  for (const [path, { size }] of Object.entries(record)) {
    const found = statSync(join(dir, path), { throwIfNoEntry: false })?.size;
    if (found === undefined) return `${join(dir, path)} is gone`;
    if (found !== size) return `${join(dir, path)} has ${found} bytes and not its ${size}`;
  }
  return undefined;
}

/** As {@link whatIsCut}, or which file has another checksum. */
export async function whatHasChanged(dir: string, record: FileRecord): Promise<string | undefined> {
  const cut = whatIsCut(dir, record);
  if (cut !== undefined) return cut;
  for (const [path, { sha256: expected }] of Object.entries(record)) {
    if ((await sha256(join(dir, path))) !== expected) return `${join(dir, path)} is not what it was`;
  }
  return undefined;
}

/** A file's SHA-256 in hex. */
async function sha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest("hex");
}
