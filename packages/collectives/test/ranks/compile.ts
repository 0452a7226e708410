import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

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
  symlinkSync(join(PACKAGE, "node_modules"), join(folder, "node_modules"));
  for (const path of [...sourcesIn("src"), ...sourcesIn("test/ranks")]) {
    const { outputText } = ts.transpileModule(readFileSync(join(PACKAGE, path), "utf8"), { compilerOptions });
    const target = join(folder, path.replace(/\.ts$/, ".js"));
    mkdirSync(join(target, ".."), { recursive: true });
    writeFileSync(target, outputText);
  }
  return folder;
}

function sourcesIn(folder: string): string[] {
  const files = readdirSync(join(PACKAGE, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => join(folder, file));
}
