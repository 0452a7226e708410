// What a user gets: packs every package, installs the tarballs with npm in an empty project, imports each one, compiles
// a file that uses their types, and starts their commands.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { publishable, root } from "./packages.mjs";

const project = mkdtempSync(join(tmpdir(), "release-check-"));
const packages = publishable();

try {
  const tarballs = Object.fromEntries(packages.map(({ folder, manifest }) => [manifest.name, pack(folder)]));
  const peers = packages.flatMap(({ manifest }) =>
    Object.entries(manifest.peerDependencies ?? {}).filter(
      ([name]) => !manifest.peerDependenciesMeta?.[name]?.optional,
    ),
  );
  const dependencies = { ...Object.fromEntries(peers), ...tarballs };
  // Without overrides npm would look in the registry for what the packages need of one another.
  const overrides = Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`]));
  const manifest = { private: true, type: "module", dependencies, overrides };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  run("npm", ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  for (const { manifest } of packages) check(manifest);
  checkTypes();
  console.log(`${packages.length} packages install, import and compile in an empty project.`);
} catch (error) {
  const { message, stdout = "", stderr = "" } = /** @type {Error & { stdout?: string, stderr?: string }} */ (error);
  console.error(
    [message, stdout, stderr]
      .map((text) => text.trim())
      .filter(Boolean)
      .join("\n"),
  );
  process.exitCode = 1;
} finally {
  rmSync(project, { recursive: true, force: true });
}

/**
 * Packs a package as it would be published.
 *
 * @param {string} folder
 * @returns {string} The tarball, as a dependency's version.
 */
function pack(folder) {
  const { filename } = JSON.parse(run("pnpm", ["pack", "--json", "--pack-destination", project], folder));
  return `file:${filename}`;
}

/**
 * Imports an installed package, starts its commands, and looks for the files that every package needs.
 *
 * @param {ReturnType<typeof publishable>[number]["manifest"]} manifest
 */
function check({ name, bin = {} }) {
  const files = readdirSync(join(project, "node_modules", name));
  for (const file of ["README.md", "LICENSE", "dist"]) {
    if (!files.includes(file)) throw new Error(`Expected ${file} in ${name}'s tarball but found ${files.join(", ")}.`);
  }
  const print = `import(${JSON.stringify(name)}).then((module) => console.log(Object.keys(module).length))`;
  if (run(process.execPath, ["--eval", print]).trim() === "0") {
    throw new Error(`Expected ${name} to export something but it exports nothing: see its src/index.ts.`);
  }
  for (const command of Object.keys(bin)) run(join(project, "node_modules/.bin", command), ["--help"]);
}

/** Compiles a file that imports every package's types, without the sources that the workspace would resolve to. */
function checkTypes() {
  const uses = packages.map(
    ({ manifest }, i) => `import * as package${i} from "${manifest.name}";\nexport const use${i} = package${i};\n`,
  );
  writeFileSync(join(project, "uses.ts"), uses.join(""));
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  const ownNodeTypes = join(project, "node_modules/@types/node");
  rmSync(ownNodeTypes, { recursive: true, force: true });
  symlinkSync(join(root, "node_modules/@types/node"), ownNodeTypes);
  const tsc = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--types", "node"];
  try {
    run(process.execPath, [tsc, ...options, "uses.ts"]);
  } catch (error) {
    // Others' declarations have errors of their own; these packages' must have none.
    const lines = String(/** @type {{ stdout?: string }} */ (error).stdout).split("\n");
    const own = lines.filter((line) => line.startsWith("uses.ts") || line.startsWith("node_modules/@seg/"));
    if (own.length > 0) throw new Error(`The packages' types do not compile in an empty project:\n${own.join("\n")}`);
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {string} What it printed.
 */
function run(command, args, cwd = project) {
  const pnpm = join(root, ".cache/pnpm/node_modules/.bin");
  const env = { ...process.env, PATH: [pnpm, process.env.PATH].join(delimiter) };
  return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
