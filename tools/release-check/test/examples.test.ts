import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { examplesIn, expected, refuseOtherBlocks, runDocstringExamples } from "../docstrings.mjs";
import { runSnippets, snippets } from "../snippets.mjs";

const FENCE = "```";

it("finds the examples of docstrings, and what they say that they print", () => {
  const source = [
    "/** No example. */",
    "export const a = 1;",
    "/**",
    " * Adds.",
    " *",
    " * @example",
    ` * ${FENCE}ts`,
    ' * import { add } from "x";',
    " *",
    " * console.log(add(1, 2)); // 3",
    ` * ${FENCE}`,
    " * @returns the sum.",
    " */",
  ].join("\n");
  const code = 'import { add } from "x";\n\nconsole.log(add(1, 2)); // 3\n';
  expect(examplesIn(source)).toEqual([{ code, line: 3, inPage: false }]);
  expect(examplesIn(source.replace("ts", "ts page"))).toEqual([{ code, line: 3, inPage: true }]);
  expect(expected(code)).toEqual(["3"]);
});

it("refuses code in docstrings that would not be run", () => {
  const docstring = (...lines: string[]) => ["/**", ...lines.map((line) => ` * ${line}`), " */"].join("\n");
  const example = ["@example", `${FENCE}ts`, "console.log(1); // 1", FENCE];
  expect(() => refuseOtherBlocks(docstring("Counts.", ...example), "a.ts")).not.toThrow();
  for (const lines of [
    ["Counts:", `${FENCE}ts`, "count();", FENCE],
    ["@example", `${FENCE}js`, "count();", FENCE],
    [...example, `${FENCE}ts`, "count();", FENCE],
    ["@example", "So:", ...example.slice(1)],
  ]) {
    expect(() => refuseOtherBlocks(docstring(...lines), "a.ts")).toThrow("a.ts");
  }
});

it("fails for an example of a docstring that prints something else, does not compile, or prints nothing", async () => {
  const run = (code: string) =>
    runDocstringExamples(folder(), [
      { readme: "a.ts", line: 1, package: "x", code: `export {};\n${code}`, inPage: false },
    ]);
  await expect(run("console.log([1].length); // 1\n")).resolves.toBeUndefined();
  await expect(run("console.log([1].length); // 2\n")).rejects.toThrow("exit code 0");
  await expect(run('const a: number = "b";\nconsole.log(a); // b\n')).rejects.toThrow("not assignable");
  await expect(run("void 0;\n")).rejects.toThrow("to print something");
});

it("runs a page's commands and typed code in its folder, and compares what they print", async () => {
  const page = pageOf(
    `${FENCE}sh\necho one > file.txt\ncat file.txt\n${FENCE}\n\n${FENCE}\none\n${FENCE}\n`,
    `${FENCE}ts\n// two.mts\nimport { readFileSync } from "node:fs";\nconst text: string = readFileSync("file.txt", "utf8");\nconsole.log(text.length);\n${FENCE}\n\n${FENCE}\n4\n${FENCE}\n`,
  );
  const found = snippets(page, { commands: true });
  expect(found.map(({ name, output }) => [name, output])).toEqual([
    ["line-1.sh", "one\n"],
    ["two.mts", "4\n"],
  ]);
  await expect(runSnippets(folder(), found)).resolves.toBeUndefined();
});

it("fails where a command fails or prints something else; one that needs more only has to be a command", async () => {
  const run = (text: string) => runSnippets(folder(), snippets(pageOf(text), { commands: true }));
  await expect(run(`${FENCE}sh\nfalse\ntrue\n${FENCE}\n`)).rejects.toThrow("exit code 0");
  await expect(run(`${FENCE}sh\necho one\n${FENCE}\n\n${FENCE}\ntwo\n${FENCE}\n`)).rejects.toThrow("it printed\none");
  await expect(run(`${FENCE}sh needs=gpu\nfalse\n${FENCE}\n`)).resolves.toBeUndefined();
  await expect(run(`${FENCE}sh long\nif\n${FENCE}\n`)).rejects.toThrow("exit code 0");
});

it("leaves the commands of READMEs alone, which install and train", () => {
  expect(snippets(pageOf(`${FENCE}sh\nfalse\n${FENCE}\n`))).toEqual([]);
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "examples-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

function pageOf(...parts: string[]): string {
  const page = join(folder(), "page.md");
  writeFileSync(page, parts.join("\n"));
  return page;
}
