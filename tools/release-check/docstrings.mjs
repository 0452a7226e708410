import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./project.mjs";
import { place } from "./snippets.mjs";
import { compile } from "./types.mjs";

/**
 * @typedef {object} DocstringExample - A block of TypeScript under an `@example`.
 * @property {string} readme - The source's path.
 * @property {number} line - The docstring's last.
 * @property {string} package - The package's folder's name.
 * @property {string} code
 * @property {boolean} inPage - Whether it runs in a browser's page: it is compiled here, its package's tests run it.
 */

/**
 * The examples of packages' docstrings.
 *
 * @param {string[]} folders - The packages'.
 * @returns {DocstringExample[]}
 * @throws {Error} for code in a docstring that is no example, and would not be run.
 */
export function docstringExamples(folders) {
  return folders.flatMap((folder) => {
    const names = readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" });
    const sources = names.filter((name) => name.endsWith(".ts")).map((name) => join(folder, "src", name));
    return sources.flatMap((source) => {
      const text = readFileSync(source, "utf8");
      refuseOtherBlocks(text, source);
      const examples = examplesIn(text);
      return examples.map((example) => ({ ...example, readme: source, package: basename(folder) }));
    });
  });
}

/**
 * The examples in a source: blocks of `ts`, or `ts page`, after an `@example`, before the docstring's next tag.
 *
 * @param {string} source
 */
export function examplesIn(source) {
  return [...source.matchAll(/\/\*\*(?:(?!\*\/).)*?@example(?:(?!\*\/).)*\*\//gs)].flatMap(({ 0: comment, index }) => {
    const text = comment.replace(/^[ \t]*\* ?/gm, "");
    const line = source.slice(0, index).split("\n").length;
    const blocks = [...text.matchAll(/^@example\n```ts( page)?\n(.*?)^```$/gms)];
    return blocks.map(([, page, code = ""]) => ({ code, line, inPage: page !== undefined }));
  });
}

/**
 * @param {string} source
 * @param {string} path
 * @throws {Error} for code in a docstring that {@link examplesIn} does not find.
 */
export function refuseOtherBlocks(source, path) {
  const fences = [...source.matchAll(/^[ \t]*\* ?```/gm)].length;
  const examples = examplesIn(source).length;
  if (fences === 2 * examples) return;
  throw new Error(
    `Expected in the docstrings of ${path} only blocks of "ts" or "ts page" right after an @example but found ${fences / 2} blocks of code, ${examples} of them such ones.`,
  );
}

/**
 * Compiles examples against installed packages, then runs those of each package that run in Node in one process, and compares what each prints with the comments
 * behind its `console.log`s.
 *
 * @param {string} project - Where the packages are installed.
 * @param {DocstringExample[]} examples
 * @throws {Error} for those that fail, or say nowhere what they print: such a one could not fail.
 */
export async function runDocstringExamples(project, examples) {
  const files = examples.map((example, i) => join(project, "examples/docstrings", example.package, `${i}.mts`));
  for (const [i, file] of files.entries()) {
    const { code = "", ...where } = examples[i] ?? {};
    if (expected(code).length === 0) {
      throw new Error(
        `Expected the example at ${place(/** @type {DocstringExample} */ ({ code, ...where }))} to print something, with what in a comment behind it.`,
      );
    }
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  compile(files);
  for (const name of new Set(examples.map((example) => example.package))) {
    const own = examples.flatMap((example, i) => {
      if (example.package !== name || example.inPage) return [];
      return [{ place: place(example), file: files[i]?.replace(/\.mts$/, ".mjs"), prints: expected(example.code) }];
    });
    const folder = join(project, "examples/docstrings", name);
    writeFileSync(join(folder, "examples.json"), JSON.stringify(own));
    await run([process.execPath, fileURLToPath(new URL("run-docstrings.mjs", import.meta.url)), folder], folder);
  }
}

/**
 * What an example says that it prints.
 *
 * @param {string} code
 */
export function expected(code) {
  return [...code.matchAll(/^\s*(?:for \(.*\) )?console\.log\(.*\); \/\/ (.*)$/gm)].map(([, printed = ""]) => printed);
}
