// Module hooks that let Node run the sources of these packages, in processes and threads too; the built files need none.
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { threadId } from "node:worker_threads";

/** Cache of transpiled sources: loading TypeScript takes longer than all else that a test's thread does. */
const CACHE = new URL("../../../.cache/stripped/", import.meta.url);

/** Sources go with the sources of the packages that they import. */
export const resolve = (specifier, context, next) =>
  next(specifier, { ...context, conditions: [...context.conditions, "@seg/source"] });

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const code = await readFile(new URL(url), "utf8");
  const cached = new URL(`${createHash("sha256").update(code).digest("hex")}.js`, CACHE);
  const source = await readFile(cached, "utf8").catch(() => strip(code, cached));
  return { format: "module", source, shortCircuit: true };
}

async function strip(code, cached) {
  const { default: ts } = await import("typescript");
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
  const { outputText } = ts.transpileModule(code, { compilerOptions });
  const temporary = new URL(`${cached}.${process.pid}.${threadId}`);
  await mkdir(CACHE, { recursive: true });
  await writeFile(temporary, outputText);
  await rename(temporary, cached);
  return outputText;
}
