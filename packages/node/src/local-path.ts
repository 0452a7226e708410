import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A path as people write it, as this system takes it: `file:` URLs; `~` for the home folder, which no shell replaces within quotes; and the
 * backslashes of a path written on Windows. Whatever is there under the very name that was given wins.
 *
 * @param folder - where a relative path starts.
 * @returns the path, relative if it was; what is no such path, unchanged.
 *
 * @example
 * ```ts
 * import { homedir } from "node:os";
 * import { join } from "node:path";
 * import { localPath } from "@seg/node";
 *
 * console.log(localPath("file:///data/my%20photo.jpg")); // /data/my photo.jpg
 * console.log(localPath("photos\\street.jpg")); // photos/street.jpg
 * console.log(localPath("~/photos") === join(homedir(), "photos")); // true
 * ```
 */
export function localPath(path: string, folder = "."): string {
  if (/^file:/i.test(path)) return pathOfUrl(path) ?? path;
  const isHome = /^~(?=$|[/\\])/.test(path);
  const isForeign = sep === "/" && path.includes("\\");
  if ((!isHome && !isForeign) || existsSync(resolve(folder, path))) return path;
  const slashed = isForeign ? path.replaceAll("\\", "/") : path;
  return isHome ? join(homedir(), slashed.slice(1)) : slashed;
}

function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    // Of another machine, or no URL at all.
    return undefined;
  }
}
