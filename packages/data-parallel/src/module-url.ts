import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The URL, for `import`, of a module given as a URL or as a path relative to the working directory. */
export function moduleUrl(module: URL | string): string {
  if (module instanceof URL || /^(file|data|node):/.test(module)) return String(module);
  return pathToFileURL(resolve(module)).href;
}
