import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const NODE_PACKAGE = fileURLToPath(new URL("../../../node/", import.meta.url));

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
  symlinkSync(join(PACKAGE, "node_modules/koffi"), join(modules, "koffi"), "junction");
  translate(PACKAGE, "src", folder);
  translate(PACKAGE, "test/ranks", folder);
  translate(NODE_PACKAGE, "src", join(modules, "@seg/node"));
  writeFileSync(join(modules, "@seg/node/package.json"), `{ "type": "module", "exports": "./src/index.js" }`);
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
