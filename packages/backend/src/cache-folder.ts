import { homedir } from "node:os";
import { posix, win32 } from "node:path";
import { BackendError } from "./errors.ts";

/** What helps where the cache cannot be written. */
export const CACHE_WAY_OUT = "set XDG_CACHE_HOME to a folder of your own";

/**
 * The cache folder, for all projects: `seg` in `$XDG_CACHE_HOME`, or in the system's own cache folder: `~/.cache`, on macOS
 * `~/Library/Caches`, on Windows `%LOCALAPPDATA%`. A relative `XDG_CACHE_HOME` is ignored, as its specification says.
 *
 * @param env - the environment.
 * @param platform - the system, as `process.platform` names it.
 * @param home - the user's folder; `$HOME`, or what the system's list of users says, unless given.
 * @returns the folder's absolute path; nothing is made.
 * @throws {BackendError} `not-writable` if the user has no folder.
 *
 * @example
 * ```ts
 * import { cacheFolder } from "@seg/backend";
 *
 * console.log(cacheFolder({ XDG_CACHE_HOME: "/scratch/ann" }, "linux")); // /scratch/ann/seg
 * console.log(cacheFolder({}, "darwin", "/Users/ann")); // /Users/ann/Library/Caches/seg
 * ```
 */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home?: string,
): string {
  const { isAbsolute, join } = platform === "win32" ? win32 : posix;
  const chosen = [env.XDG_CACHE_HOME, platform === "win32" ? env.LOCALAPPDATA : undefined];
  const base = chosen.find((dir) => dir && isAbsolute(dir));
  if (base) return join(base, "seg");
  const owner = home ?? (env.HOME || ownFolder());
  if (owner && isAbsolute(owner)) return join(owner, ...(USUAL[platform] ?? [".cache"]), "seg");
  const but = owner ? `HOME is ${owner}` : "the user has none";
  throw new BackendError("not-writable", {
    expected: "a home folder to keep the cache in",
    but,
    hint: CACHE_WAY_OUT,
  });
}

/** Undefined for a user whom the system does not know, as in a container. */
function ownFolder(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

const USUAL: Readonly<Partial<Record<string, readonly string[]>>> = {
  darwin: ["Library", "Caches"],
  win32: ["AppData", "Local"],
};
