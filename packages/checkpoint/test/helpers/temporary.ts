import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "seg-checkpoint-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A file with these contents, in a folder that goes when the test ends. */
export function temporaryFile(contents: Uint8Array | string): string {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, contents);
  return path;
}
