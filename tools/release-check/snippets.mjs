import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join, relative } from "node:path";
import { root } from "./packages.mjs";
import { run } from "./project.mjs";
import { compile } from "./types.mjs";

/**
 * @typedef {object} Snippet - A block of a README that a reader is to run.
 * @property {string} readme - The README's path.
 * @property {number} line - Where in it.
 * @property {string} name - The file it is to be saved as.
 * @property {string} code
 * @property {string | undefined} output - What it prints, where the README says so.
 * @property {boolean} readOnly - It needs what is not there, or takes long: its grammar and types are looked at, and no more.
 */

const BLOCK = /^```(\w*)([^\n]*)\n(.*?)^```$/gms;

/**
 * The blocks of a README, or of a page of the site, that its readers are to run. Such a block's first line names its file, `// example.mjs`, or
 * `// example.mts`; a block without a language right after it is what it prints, `text varies` what it prints on some machine. Others are
 * marked `js fragment`. What is marked `needs=gpu` and the like, or `long`, is only read.
 *
 * @param {string} readme - Its path.
 * @param {{ commands?: boolean }} [options] - Whether blocks of commands (`sh`) are to run, too.
 * @returns {Snippet[]}
 * @throws {Error} for a block of code that is neither named nor marked.
 */
export function snippets(readme, { commands = false } = {}) {
  const text = readFileSync(readme, "utf8");
  const blocks = [...text.matchAll(BLOCK)];
  return blocks.flatMap(({ 0: whole, 1: language = "", 2: info = "", 3: code = "", index }, i) => {
    const isCommand = commands && language === "sh";
    if ((!isCommand && !/^[jt]sx?$/.test(language)) || info.trim() === "fragment") return [];
    const line = text.slice(0, index).split("\n").length;
    const name = isCommand ? `line-${line}.sh` : /^\/\/ ([\w-]+\.m[jt]s)\b/.exec(code)?.[1];
    if (!name) {
      throw new Error(
        `Expected the code at ${place({ readme, line })} to name its file in the first line, as in "// example.mjs": or mark it as "${language} fragment".`,
      );
    }
    const next = blocks[i + 1];
    const isOutput = next && next[1] === "" && text.slice(index + whole.length, next.index).trim() === "";
    const readOnly = /\b(needs=|long\b)/.test(info);
    return [{ readme, line, name, code, output: isOutput ? next[3] : undefined, readOnly }];
  });
}

/**
 * Saves snippets as their READMEs say, those of one README in one folder, and runs each.
 *
 * @param {string} project - Where the packages are installed.
 * @param {Snippet[]} all
 * @throws {Error} for the first that fails, or prints something else than its README says.
 */
export async function runSnippets(project, all) {
  const installed = join(project, "node_modules");
  for (const snippet of all) {
    const file = fileOf(project, snippet);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, snippet.code);
    // Commands name files of the installed packages.
    const modules = join(dirname(file), "node_modules");
    if (existsSync(installed) && !existsSync(modules)) symlinkSync(installed, modules, "junction");
  }
  compile(all.map((snippet) => fileOf(project, snippet)).filter((file) => file.endsWith(".mts")));
  const env = { ...process.env, PATH: [join(project, "node_modules/.bin"), process.env.PATH].join(delimiter) };
  for (const snippet of all) {
    const file = fileOf(project, snippet);
    try {
      const { stdout } = await run(wordsOf(basename(file), snippet.readOnly), dirname(file), env);
      if (!snippet.readOnly && snippet.output !== undefined && stdout !== snippet.output) {
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
 * @param {string} file
 * @param {boolean} readOnly
 */
function wordsOf(file, readOnly) {
  if (file.endsWith(".sh")) return ["bash", ...(readOnly ? ["-n"] : ["-euo", "pipefail"]), file];
  return [process.execPath, ...(readOnly ? ["--check"] : []), file.replace(/\.mts$/, ".mjs")];
}

/**
 * @param {string} project
 * @param {Snippet} snippet
 */
function fileOf(project, { readme, name }) {
  // A page of the site has a folder of its own, a package's READMEs share one.
  const page = basename(dirname(readme)) === "docs" ? `docs/${basename(readme, ".md")}` : basename(dirname(readme));
  return join(project, "examples", page, name);
}

/** @param {Pick<Snippet, "readme" | "line">} snippet */
export function place({ readme, line }) {
  return `${relative(root, readme)}:${line}`;
}
