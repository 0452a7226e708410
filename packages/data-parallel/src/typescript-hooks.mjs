// Module hooks that let a Node without type stripping (before 22.18) run this package's sources; the built files need none.
import { readFile } from "node:fs/promises";
import ts from "typescript";

const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const { outputText } = ts.transpileModule(await readFile(new URL(url), "utf8"), { compilerOptions });
  return { format: "module", source: outputText, shortCircuit: true };
}
