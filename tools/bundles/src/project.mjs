import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { publishable } from "../../release-check/packages.mjs";

/** This repository's packages. */
const PACKAGES = new Map(publishable().map((one) => [one.manifest.name, one]));

/**
 * Makes a folder a project as npm would, without asking a registry: its `node_modules` has packages of this repository, as they are built, and what they
 * need. What they only take if it is there is absent, though this repository has it.
 *
 * @param {string} folder
 * @param {readonly string[]} names - of packages; others than this repository's are left out.
 */
export function installPackages(folder, names) {
  const modules = join(folder, "node_modules");
  for (const name of names) {
    const own = PACKAGES.get(name);
    if (!own || existsSync(join(modules, name))) continue;
    if (!existsSync(join(own.folder, "dist"))) throw new Error(`Expected ${name} to be built: pnpm build.`);
    for (const part of ["package.json", "dist"])
      cpSync(join(own.folder, part), join(modules, name, part), { recursive: true, filter: isRun });
    const needed = neededBy(own.manifest);
    installPackages(folder, needed);
    for (const other of needed) {
      if (!PACKAGES.has(other)) link(join(own.folder, "node_modules", other), join(modules, other));
    }
  }
}

/** Types and maps are no part of a bundle. @param {string} path */
const isRun = (path) => !/\.(d\.ts|map|tsbuildinfo)$/.test(path);

/**
 * The packages without which one does not work.
 *
 * @param {Pick<import("../../release-check/packages.mjs").Manifest, "dependencies" | "peerDependencies" | "peerDependenciesMeta">} manifest
 */
export function neededBy({ dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  return [...Object.keys(dependencies), ...peers];
}

/**
 * @param {string} from
 * @param {string} to
 */
function link(from, to) {
  if (existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(realpathSync(from), to, "junction");
}
