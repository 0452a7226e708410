import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A path in the folder `shared` that lies beside the checkout, or undefined where it is absent. */
export function shared(path: string): string | undefined {
  const full = fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url));
  return existsSync(full) ? full : undefined;
}

/** What the title of a test ends with that needs the folder: nothing where it is there. The runner knows these words. */
export const unlessShared = shared(".") ? "" : " (skipped: the folder shared is absent)";
