import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
/** What it stands on: packages of this repository, each with those of others that it needs. */
const STANDS_ON = { node: ["serialize-error"], errors: ["fastest-levenshtein"] };

const compilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** Translates the package and the ranks of its tests once, so that each of many processes and threads starts quickly; the caller removes the folder. */
export function compileRanks(): string {
  const folder = mkdtempSync(join(tmpdir(), "collectives-"));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  const link = (name: string, from: string) =>
    symlinkSync(join(from, "node_modules", name), join(modules, name), "junction");
  link("koffi", PACKAGE);
  translate(PACKAGE, "src", folder);
  translate(PACKAGE, "test/ranks", folder);
  for (const [name, needs] of Object.entries(STANDS_ON)) {
    const from = join(PACKAGE, "..", name);
    const to = join(modules, "@seg", name);
    translate(from, "src", to);
    writeFileSync(join(to, "package.json"), `{ "type": "module", "exports": "./src/index.js" }`);
    for (const need of needs) link(need, from);
  }
  return folder;
}

/** Translates the sources in a folder of one package to the same place in another. */
function translate(from: string, sources: string, to: string): void {
  for (const file of readdirSync(join(from, sources), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(from, sources, file), "utf8"), { compilerOptions });
    const target = join(to, sources, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
}
