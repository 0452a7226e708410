// What a user gets: packs every package, installs the tarballs with npm in an empty project, imports every entry alone, compiles
// a file that uses their types by every resolver, starts their commands, and runs the examples of their READMEs, docstrings and the site. Then again
// on the lowest TensorFlow.js they take, what takes it: all entries in one process, one resolver, the examples.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { docstringExamples, runDocstringExamples } from "./docstrings.mjs";
import { entries, LOWEST_TFJS, publishable, root } from "./packages.mjs";
import { inEmptyProject, run } from "./project.mjs";
import { runSnippets, snippets } from "./snippets.mjs";
import { checkTypes } from "./types.mjs";

const packages = publishable();

// TensorFlow.js's own packages want one another in one version.
const lowest = { "@tensorflow/tfjs": LOWEST_TFJS, "@tensorflow/tfjs-backend-wasm": LOWEST_TFJS };

/** What a page imports. */
const IN_PAGES = [
  "@seg/layers",
  "@seg/sync-bn",
  "@seg/encoders",
  "@seg/decoders",
  "@seg/checkpoint",
  "@seg/metrics",
  "@seg/onnx",
  "@seg/ade20k-data",
  "@seg/backend",
  "@seg/collectives",
  "@seg/segmenter",
  "@seg/web",
];

await Promise.all([inEmptyProject({}, checkAll), inEmptyProject(lowest, checkOnTfjs)]);

/** @param {string} project - With the newest TensorFlow.js in the packages' range. */
async function checkAll(project) {
  for (const { manifest } of packages) await checkFiles(project, manifest);
  const specifiers = specifiersOf(packages);
  for (const specifier of specifiers) await checkImports(project, [specifier]);
  checkTypes(project, specifiers, ["nodenext", "bundler", "node10"]);
  checkTypes(project, IN_PAGES, ["page", "page (browser)"]);
  const examples = [...snippets(join(root, "README.md")), ...examplesOf(packages), ...pages()];
  await runSnippets(project, examples);
  const documented = docstringExamples(packages.map(({ folder }) => folder));
  await runDocstringExamples(project, documented);
  console.log(
    `${packages.length} packages install, import and compile in an empty project; ${examples.length} examples run, and ${documented.length} of docstrings.`,
  );
}

/** @param {string} project - With the lowest one. */
async function checkOnTfjs(project) {
  const onTfjs = packages.filter(({ manifest }) => manifest.peerDependencies?.["@tensorflow/tfjs"]);
  const specifiers = specifiersOf(onTfjs);
  await checkImports(project, specifiers);
  checkTypes(project, specifiers, ["nodenext"]);
  await runSnippets(project, examplesOf(onTfjs));
  console.log(`${onTfjs.length} of them do on TensorFlow.js ${LOWEST_TFJS} too.`);
}

/**
 * Looks for the files that every package needs, and starts its commands.
 *
 * @param {string} project
 * @param {import("./packages.mjs").Manifest} manifest
 */
async function checkFiles(project, { name, bin = {} }) {
  const folder = join(project, "node_modules", name);
  const files = readdirSync(folder);
  for (const file of ["README.md", "LICENSE", "dist"]) {
    if (!files.includes(file)) throw new Error(`Expected ${file} in ${name}'s tarball but found ${files.join(", ")}.`);
  }
  const commands = readdirSync(join(project, "node_modules/.bin"));
  for (const [command, file] of Object.entries(bin)) {
    if (!commands.includes(command)) throw new Error(`Expected npm to install the command ${command} of ${name}.`);
    await run([process.execPath, join(folder, file), "--help"], project);
  }
}

/**
 * Imports, in a process of its own.
 *
 * @param {string} project
 * @param {string[]} specifiers
 */
async function checkImports(project, specifiers) {
  const print = `for (const name of ${JSON.stringify(specifiers)}) console.log(name, Object.keys(await import(name)).length)`;
  const { stdout } = await run([process.execPath, "--input-type=module", "--eval", print], project);
  const empty = /^(\S+) 0$/m.exec(stdout)?.[1];
  if (empty) throw new Error(`Expected ${empty} to export something but it exports nothing: see its index.ts.`);
}

/**
 * What is imported; an entry that is a program, as its package's `sideEffects` say, is none.
 *
 * @param {typeof packages} some
 */
function specifiersOf(some) {
  return some.flatMap(({ manifest }) => {
    const { sideEffects } = manifest;
    const isProgram = (/** @type {string} */ file) => Array.isArray(sideEffects) && sideEffects.includes(file);
    return entries(manifest).flatMap((entry) => (isProgram(entry.default) ? [] : [entry.specifier]));
  });
}

/** @param {typeof packages} some */
function examplesOf(some) {
  return some.flatMap(({ folder }) => {
    const pages = readdirSync(folder).filter((file) => file.endsWith(".md") && file !== "CHANGELOG.md");
    return pages.flatMap((page) => snippets(join(folder, page)));
  });
}

/** What the site's pages say, the commands too. */
function pages() {
  const folder = join(root, "docs");
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return names.flatMap((name) => snippets(join(folder, name), { commands: true }));
}
