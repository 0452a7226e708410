import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { root } from "../release-check/packages.mjs";
import { anchorOf } from "./anchors.mjs";
import { packagePicture } from "./package-picture.mjs";
import { resultsTable } from "./results-table.mjs";

/** Where files of the repository that the site does not show can be read. */
const REPOSITORY = "https://github.com/seg/seg";

/** The browser's page, once it is built; without it there is no playground. */
export const PLAYGROUND = "packages/web/page/index.html";

/** `<!-- include FILE#heading, or: Text where there is no such file. -->`, alone on its line; without a heading the file after its title. */
const INCLUDE = /^<!-- include ([\w./-]+)(?:#([\w-]+))?(?:, or: (.*?))? -->$/gm;

/** `<!-- made NAME -->`: what is made of the code. */
const MADE = /^<!-- made ([\w-]+) -->$/gm;

/** @type {Record<string, () => Promise<string>>} */
const MAKERS = { "package-picture": packagePicture, "results-table": resultsTable };

/**
 * Writes the pages of `docs/` as TypeDoc is to read them: what they include of the repository's other texts and what is made of the code
 * stands in them, and their links lead to pages of the site where it has them.
 *
 * @param {string} to - The folder; what was in it goes.
 * @returns {Promise<string[]>} The pages but for the first, `index.md`, in their order.
 */
export async function writePages(to) {
  const all = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const pages = existsSync(join(root, PLAYGROUND)) ? all : all.filter((name) => name !== "playground.md");
  const shown = shownBy(pages);
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const page of pages) {
    const path = `docs/${page}`;
    let text = relink(read(path), path, shown, to);
    text = text.replace(INCLUDE, (_, file, heading, otherwise) => {
      if (!existsSync(join(root, file)) && otherwise) return otherwise;
      return relink(section(read(file), heading, file), file, shown, to);
    });
    for (const [marker, name = ""] of text.matchAll(MADE)) {
      const make = MAKERS[name];
      if (!make) throw new Error(`Expected one of ${Object.keys(MAKERS).join(", ")} in ${path} but found ${name}.`);
      text = text.replace(marker, await make());
    }
    // What a block needs is for the tests, not for readers; and what is printed is no code.
    const readable = text.replace(
      /^```(\w*)[^\n]*\n(.*?)^```$/gms,
      (_, language, code) => `\`\`\`${language || "text"}\n${code}\`\`\``,
    );
    writeFileSync(join(to, page), readable);
  }
  const order = new Map(pages.map((page) => [page, Number(/^order: (\d+)$/m.exec(read(`docs/${page}`))?.[1] ?? 0)]));
  const others = pages.filter((page) => page !== "index.md");
  return others.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)).map((page) => join(to, page));
}

/**
 * Which of the repository's files stand whole in which page.
 *
 * @param {string[]} pages
 * @returns {Map<string, string>} Files' paths to pages' names.
 */
function shownBy(pages) {
  const whole = pages.flatMap((page) => {
    const includes = [...read(`docs/${page}`).matchAll(INCLUDE)].filter(([, , heading]) => !heading);
    return includes.map(([, file = ""]) => /** @type {const} */ ([file, page]));
  });
  return new Map([...whole, ...pages.map((page) => /** @type {const} */ ([`docs/${page}`, page]))]);
}

/**
 * A text without its title, or the section under one of its headings, without that.
 *
 * @param {string} text
 * @param {string | undefined} heading - Its anchor, as GitHub makes them.
 * @param {string} file - For the message.
 */
export function section(text, heading, file) {
  if (!heading) return text.replace(/^# .*\n/, "").trim();
  const lines = text.split("\n");
  let fenced = false;
  const headings = lines.flatMap((line, i) => {
    if (line.startsWith("```")) fenced = !fenced;
    const [, marks, title] = (!fenced && /^(#+) (.*)$/.exec(line)) || [];
    return marks && title ? [{ i, level: marks.length, anchor: anchorOf(title) }] : [];
  });
  const at = headings.findIndex(({ anchor }) => anchor === heading);
  const found = headings[at];
  if (!found) {
    throw new Error(
      `Expected a heading #${heading} in ${file} but it has ${headings.map(({ anchor }) => anchor).join(", ")}.`,
    );
  }
  const end = headings.slice(at + 1).find(({ level }) => level <= found.level)?.i;
  return lines
    .slice(found.i + 1, end)
    .join("\n")
    .trim();
}

/**
 * Makes a text's links right in another folder: to the page that shows a file, to a package's page, else to the repository.
 *
 * @param {string} text
 * @param {string} file - Where it stands, from the root.
 * @param {Map<string, string>} shown
 * @param {string} to - Where it will stand.
 */
function relink(text, file, shown, to) {
  return text.replace(
    /\]\((?!#|\w+:|<)([^)\s#]*)(#[^)\s]*)?\)|\]\(https:\/\/github\.com\/seg\/seg\/(?:blob|tree)\/main\/([^)\s#]*)(#[^)\s]*)?\)/g,
    (_, relative, anchor, absolute, absoluteAnchor) => {
      const path = absolute ?? posix.join(dirname(file), relative);
      return `](${target(path.replace(/\/$/, ""), shown, to)}${anchor ?? absoluteAnchor ?? ""})`;
    },
  );
}

/**
 * @param {string} path - From the root.
 * @param {Map<string, string>} shown
 * @param {string} to
 */
function target(path, shown, to) {
  const page = shown.get(path);
  if (page) return page;
  const folder = path.replace(/\/README\.md$/, "");
  if (existsSync(join(root, folder, "package.json")) && folder.startsWith("packages/")) {
    return posix.relative(to, join(root, folder));
  }
  if (!existsSync(join(root, path)))
    throw new Error(`Expected the link's target ${path} to be a file of the repository.`);
  return `${REPOSITORY}/blob/main/${path}`;
}

/** @param {string} path - From the root. */
function read(path) {
  return readFileSync(join(root, path), "utf8");
}
