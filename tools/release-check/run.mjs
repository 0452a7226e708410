// What a user gets: packs every package, installs the tarballs with npm in an empty project, imports each one, compiles
// a file that uses their types, and starts their commands.
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { publishable, root } from "./packages.mjs";
import { inEmptyProject, run } from "./project.mjs";

const packages = publishable();

await inEmptyProject({}, (project) => {
  for (const { manifest } of packages) check(project, manifest);
  checkTypes(project);
  console.log(`${packages.length} packages install, import and compile in an empty project.`);
});

/**
 * Imports an installed package, starts its commands, and looks for the files that every package needs.
 *
 * @param {string} project
 * @param {ReturnType<typeof publishable>[number]["manifest"]} manifest
 */
function check(project, { name, bin = {} }) {
  const folder = join(project, "node_modules", name);
  const files = readdirSync(folder);
  for (const file of ["README.md", "LICENSE", "dist"]) {
    if (!files.includes(file)) throw new Error(`Expected ${file} in ${name}'s tarball but found ${files.join(", ")}.`);
  }
  const print = `import(${JSON.stringify(name)}).then((module) => console.log(Object.keys(module).length))`;
  if (run([process.execPath, "--eval", print], project).stdout.trim() === "0") {
    throw new Error(`Expected ${name} to export something but it exports nothing: see its src/index.ts.`);
  }
  const commands = readdirSync(join(project, "node_modules/.bin"));
  for (const [command, file] of Object.entries(bin)) {
    if (!commands.includes(command)) throw new Error(`Expected npm to install the command ${command} of ${name}.`);
    run([process.execPath, join(folder, file), "--help"], project);
  }
}

/**
 * Compiles a file that imports every package's types, without the sources that the workspace would resolve to.
 *
 * @param {string} project
 */
function checkTypes(project) {
  const uses = packages.map(
    ({ manifest }, i) => `import * as package${i} from "${manifest.name}";\nexport const use${i} = package${i};\n`,
  );
  writeFileSync(join(project, "uses.ts"), uses.join(""));
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  const ownNodeTypes = join(project, "node_modules/@types/node");
  rmSync(ownNodeTypes, { recursive: true, force: true });
  // On Windows only junctions need no rights of their own.
  symlinkSync(join(root, "node_modules/@types/node"), ownNodeTypes, "junction");
  const tsc = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--types", "node"];
  try {
    run([process.execPath, tsc, ...options, "uses.ts"], project);
  } catch (error) {
    // Others' declarations have errors of their own; these packages' must have none.
    const lines = String(/** @type {{ stdout?: string }} */ (error).stdout).split("\n");
    const own = lines.filter((line) => line.startsWith("uses.ts") || line.startsWith("node_modules/@seg/"));
    if (own.length > 0) throw new Error(`The packages' types do not compile in an empty project:\n${own.join("\n")}`);
  }
}
