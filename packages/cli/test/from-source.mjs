// Lets plain Node run the sources: strips the types of each .ts file. Used as `node --conditions=@seg/source --import <this>`.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import ts from "typescript";

// Each thread begins with this file, the one that runs the hooks as well: there it is called differently.
if (!import.meta.url.endsWith("?hooks")) register(`${import.meta.url}?hooks`);

export async function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const source = await readFile(fileURLToPath(url), "utf8");
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  });
  return { format: "module", source: outputText, shortCircuit: true };
}
