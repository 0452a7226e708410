// What npm shows of a package: checks that every manifest names the repository, keywords, entries for resolvers that do not
// read `exports`, and the range of TensorFlow.js that is tested, and that READMEs link absolutely. With `--write`, derives all
// but the keywords.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { entries, LOWEST_TFJS, publishable } from "./packages.mjs";

/** Where the repository lives: a placeholder until it has a public address. To move, change it and run with `--write`. */
const repository = "https://github.com/seg/seg";

const names = publishable().map(({ folder }) => basename(folder));
const write = process.argv.includes("--write");
const problems = publishable().flatMap(({ folder, manifest }) => [
  ...manifestProblems(folder, manifest),
  ...readmeProblems(folder),
]);
if (problems.length > 0) {
  console.error(`${problems.join("\n")}\nnode tools/release-check/metadata.mjs --write derives all but keywords.`);
  process.exitCode = 1;
}

/**
 * @param {string} folder
 * @param {Record<string, any> & import("./packages.mjs").Manifest} manifest
 */
function manifestProblems(folder, manifest) {
  const directory = `packages/${basename(folder)}`;
  const [entry, ...subpaths] = entries(manifest);
  const expected = {
    homepage: `${repository}/tree/main/${directory}#readme`,
    bugs: `${repository}/issues`,
    repository: { type: "git", url: `git+${repository}.git`, directory },
    main: entry?.default,
    types: entry?.types,
    typesVersions: subpaths.length > 0 ? { "*": typesOf(subpaths) } : undefined,
    dependencies: withTfjsRange(manifest.dependencies),
    peerDependencies: withTfjsRange(manifest.peerDependencies),
  };
  const wrong = Object.entries(expected).filter(
    ([key, value]) => JSON.stringify(manifest[key]) !== JSON.stringify(value),
  );
  if (write && wrong.length > 0) {
    const { name, version, description, keywords, license, ...rest } = manifest;
    const { homepage, bugs, repository, main, types, typesVersions } = expected;
    const { type, engines, sideEffects, files, ...others } = rest;
    const ordered = { name, version, description, keywords, homepage, bugs, license, repository };
    const all = { ...ordered, type, engines, sideEffects, files, main, types, typesVersions };
    writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...all, ...others, ...expected }, null, 2)}\n`);
  }
  const found = write
    ? []
    : wrong.map(([key, value]) => `Expected ${key} ${JSON.stringify(value)} in ${directory}/package.json.`);
  if (!manifest.keywords?.length) found.push(`Expected keywords in ${directory}/package.json.`);
  return found;
}

/**
 * Where the types of subpaths are, in the form of `typesVersions`.
 *
 * @param {ReturnType<typeof entries>} subpaths
 */
function typesOf(subpaths) {
  return Object.fromEntries(subpaths.map(({ path, types }) => [path.slice("./".length), [types]]));
}

/**
 * The same dependencies, with one range for everything of TensorFlow.js: its packages go together by version.
 *
 * @param {Record<string, string> | undefined} dependencies
 */
function withTfjsRange(dependencies) {
  if (!dependencies) return undefined;
  const ranges = Object.entries(dependencies).map(([name, range]) => [
    name,
    name.startsWith("@tensorflow/") ? `^${LOWEST_TFJS}` : range,
  ]);
  return Object.fromEntries(ranges);
}

/** @param {string} folder */
function readmeProblems(folder) {
  const path = join(folder, "README.md");
  const text = readFileSync(path, "utf8");
  const base = `${repository}/blob/main/packages/${basename(folder)}/`;
  const elsewhere = new RegExp(
    `https://[\\w.-]+/[\\w-]+/[\\w-]+(?=/(?:blob|tree)/main/packages/(?:${names.join("|")})\\b)`,
    "g",
  );
  const absolute = text
    .replace(/\]\((?![a-z]+:|#)([^)\s]+)\)/g, (_, link) => `](${new URL(link, base)})`)
    .replace(elsewhere, repository);
  if (write && absolute !== text) writeFileSync(path, absolute);
  return write || absolute === text
    ? []
    : [`Expected links that begin with ${repository} in ${path}: npm shows it elsewhere.`];
}
