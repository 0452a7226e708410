import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Io } from "../terminal.ts";

/** The folder that keeps downloads: `$XDG_CACHE_HOME/seg`, or `~/.cache/seg` (a relative `XDG_CACHE_HOME` does not count). */
export function cacheFolder(env: Io["env"]): string {
  const base = env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(env.HOME || homedir(), ".cache"), "seg");
}
