import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { root } from "./packages.mjs";
import { run } from "./project.mjs";

/**
 * @typedef {object} Snippet - A block of a README that a reader is to run.
 * @property {string} readme - The README's path.
 * @property {number} line - Where in it.
 * @property {string} name - The file it is to be saved as.
 * @property {string} code
 * @property {string | undefined} output - What it prints, where the README says so.
 */

const BLOCK = /^```(\w*)([^\n]*)\n(.*?)^```$/gms;

/**
 * The blocks of a README that its readers are to run. Such a block's first line names its file, `// example.mjs`; a block without
 * a language right after it is what it prints, `text varies` what it prints on some machine. Others are marked `js fragment`.
 *
 * @param {string} readme - Its path.
 * @returns {Snippet[]}
 * @throws {Error} for a block of code that is neither named nor marked.
 */
export function snippets(readme) {
  const text = readFileSync(readme, "utf8");
  const blocks = [...text.matchAll(BLOCK)];
  return blocks.flatMap(({ 0: whole, 1: language, 2: info = "", 3: code = "", index }, i) => {
    if (!/^[jt]sx?$/.test(language ?? "") || info.trim() === "fragment") return [];
    const line = text.slice(0, index).split("\n").length;
    const name = /^\/\/ ([\w-]+\.mjs)\b/.exec(code)?.[1];
    if (!name) {
      throw new Error(
        `Expected the code at ${place({ readme, line })} to name its file in the first line, as in "// example.mjs": or mark it as "${language} fragment".`,
      );
    }
    const next = blocks[i + 1];
    const isOutput = next && next[1] === "" && text.slice(index + whole.length, next.index).trim() === "";
    return [{ readme, line, name, code, output: isOutput ? next[3] : undefined }];
  });
}

/**
 * Saves snippets as their READMEs say, those of one README in one folder, and runs each with Node.
 *
 * @param {string} project - Where the packages are installed.
 * @param {Snippet[]} all
 * @throws {Error} for the first that fails, or prints something else than its README says.
 */
export async function runSnippets(project, all) {
  for (const snippet of all) {
    const file = fileOf(project, snippet);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, snippet.code);
  }
  for (const snippet of all) {
    const file = fileOf(project, snippet);
    try {
      const { stdout } = await run([process.execPath, basename(file)], dirname(file));
      if (snippet.output !== undefined && stdout !== snippet.output) {
        throw new Error(`Expected it to print\n${snippet.output}but it printed\n${stdout}`);
      }
    } catch (error) {
      const failure = /** @type {Error} */ (error);
      failure.message = `${place(snippet)}, ${snippet.name}: ${failure.message}`;
      throw failure;
    }
  }
}

/**
 * @param {string} project
 * @param {Snippet} snippet
 */
function fileOf(project, { readme, name }) {
  return join(project, "examples", basename(dirname(readme)), name);
}

/** @param {Pick<Snippet, "readme" | "line">} snippet */
function place({ readme, line }) {
  return `${relative(root, readme)}:${line}`;
}
