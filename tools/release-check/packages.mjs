import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The lowest TensorFlow.js that the packages take, and that `check:release` tries beside the newest. */
export const LOWEST_TFJS = "4.20.0";

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {Record<string, { types: string, default: string } | string>} exports
 * @property {boolean | string[]} [sideEffects]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 */

/**
 * The packages that get published.
 *
 * @returns {{ folder: string, manifest: Manifest }[]}
 */
export function publishable() {
  return readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
    .filter(({ manifest }) => !manifest.private);
}

/**
 * What can be imported of a package: `.` and its subpaths, each with its files.
 *
 * @param {Manifest} manifest
 */
export function entries(manifest) {
  return Object.entries(manifest.exports).flatMap(([path, files]) =>
    typeof files === "string" ? [] : [{ path, specifier: manifest.name + path.slice(1), ...files }],
  );
}
