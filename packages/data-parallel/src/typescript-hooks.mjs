// Module hooks that let threads and processes run this package's sources; the built files need none.
import { readFile } from "node:fs/promises";
import ts from "typescript";

const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };

/** Sources go with the sources of the packages that they import. */
export const resolve = (specifier, context, next) =>
  next(specifier, { ...context, conditions: [...context.conditions, "@seg/source"] });

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const { outputText } = ts.transpileModule(await readFile(new URL(url), "utf8"), { compilerOptions });
  return { format: "module", source: outputText, shortCircuit: true };
}
