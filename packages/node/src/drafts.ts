import { rmSync } from "node:fs";

/** The temporary files and folders that this thread is writing. */
const drafts = new Set<string>();

/**
 * Does the work that writes temporary files or folders and puts them in their places, or removes them if it fails. A process that ends in the
 * midst of it (`process.exit`) removes them; one that is killed cannot.
 */
export async function withDrafts<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  if (drafts.size === 0) process.once("exit", removeAll);
  for (const path of paths) drafts.add(path);
  try {
    return await work();
  } finally {
    for (const path of paths) drafts.delete(path);
    if (drafts.size === 0) process.removeListener("exit", removeAll);
  }
}

function removeAll(): void {
  for (const path of drafts) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The others may go.
    }
  }
}
