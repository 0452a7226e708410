import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Requires optional packages from where this package is installed. */
export const requireHere: NodeJS.Require = createRequire(import.meta.url);

/** An installed npm package. */
export interface InstalledPackage {
  name: string;
  version: string;
  /** Its folder. */
  dir: string;
}

/**
 * The package called `name` as Node would resolve it from here, or undefined if it is not installed. Looks at folders, not
 * at the entry point, so that a package that cannot load is found too.
 */
export function findPackage(name: string): InstalledPackage | undefined {
  const dir = resolvePackage(requireHere, name);
  return dir === undefined ? undefined : readPackage(dir);
}

/** The package in the folder `dir`; throws Node's own error if there is none. */
export function readPackage(dir: string): InstalledPackage {
  const { name, version } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  return { name, version, dir };
}

/** The path from which the native package in `dir` loads its addon, built or not: by the package's own copy of node-pre-gyp. */
export function addonPath(dir: string): string {
  const manifest = join(dir, "package.json");
  return createRequire(manifest)("@mapbox/node-pre-gyp").find(manifest);
}

/** The folder that the package in `dir` loads its dependency `name` from, or undefined. */
export function dependencyDir(dir: string, name: string): string | undefined {
  return resolvePackage(createRequire(join(dir, "package.json")), name);
}

function resolvePackage(from: NodeJS.Require, name: string): string | undefined {
  const dir = (from.resolve.paths(name) ?? [])
    .map((modules) => join(modules, name))
    .find((candidate) => existsSync(join(candidate, "package.json")));
  // pnpm links packages; their dependencies lie beside the real folder.
  return dir && realpathSync(dir);
}
