import { homedir } from "node:os";
import { posix, win32 } from "node:path";

/**
 * The cache folder, for all projects: `seg` in `$XDG_CACHE_HOME`, or in the system's own cache folder: `~/.cache`, on macOS
 * `~/Library/Caches`, on Windows `%LOCALAPPDATA%`. A relative `XDG_CACHE_HOME` is ignored, as its specification says.
 *
 * @param env - the environment.
 * @param platform - the system, as `process.platform` names it.
 * @param home - the user's folder.
 * @returns the folder's absolute path; nothing is made.
 */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = env.HOME || homedir(),
): string {
  const { isAbsolute, join } = platform === "win32" ? win32 : posix;
  const chosen = [env.XDG_CACHE_HOME, platform === "win32" ? env.LOCALAPPDATA : undefined];
  const base = chosen.find((dir) => dir && isAbsolute(dir));
  return join(base ?? join(home, ...(USUAL[platform] ?? [".cache"])), "seg");
}

const USUAL: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ["Library", "Caches"],
  win32: ["AppData", "Local"],
};
