import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** What `import` takes for a module given as a URL or a path, which starts from the working directory. */
export function moduleAddress(module: URL | string): string {
  if (module instanceof URL || /^(file|data|node):/.test(module)) return String(module);
  return pathToFileURL(resolve(module)).href;
}
