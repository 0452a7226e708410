import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { publishable } from "../../release-check/packages.mjs";

/** What a condition leads to: a file, or more conditions. */
type Target = string | { readonly [condition: string]: Target };

const packages = new Map(publishable().map(({ folder, manifest }) => [manifest.name, { folder, manifest }]));

/** The source file that a browser's bundler comes to, taking conditions in their order as Node does. */
function sourceOf(target: Target | undefined): string | undefined {
  if (target === undefined || typeof target === "string") return target;
  for (const [condition, next] of Object.entries(target)) {
    const found = ["browser", "@seg/source", "default"].includes(condition) ? sourceOf(next) : undefined;
    if (found) return found;
  }
  return undefined;
}

const exportsOf = (name: string) => packages.get(name)!.manifest.exports as Record<string, Target>;

function fileOf(name: string, path: string): string {
  const source = sourceOf(exportsOf(name)[path]);
  if (!source) throw new Error(`Expected ${name} to export ${path}.`);
  return join(packages.get(name)!.folder, source);
}

/** The source file behind a `#…` that a package imports from itself. */
function ownFileOf(file: string, specifier: string): string {
  const own = [...packages.values()].find(({ folder }) => file.startsWith(join(folder, "src")));
  const { imports = {} } = (own?.manifest ?? {}) as { imports?: Record<string, Target> };
  const source = sourceOf(imports[specifier]);
  if (!own || !source) throw new Error(`Expected the package of ${file} to import ${specifier}.`);
  return join(own.folder, source);
}

/** The specifiers of a module's imports and re-exports that remain when types are gone, `import()`s and addresses of modules included. */
function importsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && !isOnlyTypes(node)) found.push((node.moduleSpecifier as ts.StringLiteral).text);
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && !isOnlyTypes(node))
      found.push((node.moduleSpecifier as ts.StringLiteral).text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) found.push(argument.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isOnlyTypes(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) {
    const { exportClause } = node;
    return node.isTypeOnly || (!!exportClause && ts.isNamedExports(exportClause) && allTypes(exportClause.elements));
  }
  const { importClause } = node;
  if (!importClause) return false;
  const { namedBindings } = importClause;
  if (importClause.isTypeOnly) return true;
  return !importClause.name && !!namedBindings && ts.isNamedImports(namedBindings) && allTypes(namedBindings.elements);
}

const allTypes = (elements: readonly { isTypeOnly: boolean }[]) =>
  elements.length > 0 && elements.every(({ isTypeOnly }) => isTypeOnly);

/** Packages that a page cannot have. */
const ONLY_NODE = ["@seg/node", "sharp", "koffi", "webgpu", "onnxruntime-node", "@tensorflow/tfjs-node"];

/** Every way from a file to what a page cannot have, each as a line. */
function waysToNode(entry: string): string[] {
  const ways: string[] = [];
  const seen = new Set<string>();
  const follow = (file: string, way: string[]) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const specifier of importsOf(file)) {
      const next = [...way, specifier];
      const [, name = "", path = ""] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? [];
      if (specifier.startsWith(".")) follow(resolve(dirname(file), specifier), next);
      else if (specifier.startsWith("#")) follow(ownFileOf(file, specifier), next);
      else if (isBuiltin(specifier) || ONLY_NODE.includes(name)) ways.push(next.join(" → "));
      else if (packages.has(name)) follow(fileOf(name, `.${path}`), next);
    }
  };
  follow(entry, []);
  return ways;
}

/** Entries of packages that have an entry for browsers. */
const declared = [...packages.values()].flatMap(({ manifest }) =>
  Object.entries(manifest.exports as Record<string, Target>)
    .filter(([, target]) => JSON.stringify(target).includes('"browser":'))
    .map(([path]) => [manifest.name, path] as const),
);

/** Entries that are for browsers and Node alike, without a condition. */
const ALIKE = [
  ["@seg/errors", "."],
  ["@seg/collectives", "./single"],
  ["@seg/backend", "./browser"],
  ["@seg/layers", "."],
  ["@seg/layers", "./labels"],
  ["@seg/layers", "./custom"],
  ["@seg/layers", "./ops"],
  ["@seg/sync-bn", "."],
  ["@seg/sync-bn", "./network-options"],
  ["@seg/encoders", "."],
  ["@seg/decoders", "."],
  ["@seg/metrics", "."],
] as const;

describe("what a page may import", () => {
  it.each([...declared, ...ALIKE])("%s, entry %s, leads to nothing of Node's", (name, path) => {
    const file = fileOf(name, path);
    expect(existsSync(file)).toBe(true);
    expect(waysToNode(file)).toEqual([]);
  });

  it("and the way to what it may not is found through packages and re-exports", () => {
    const { folder } = packages.get("@seg/collectives")!;
    const ways = waysToNode(join(folder, "src/index.ts"));
    expect(ways.some((way) => way.endsWith("node:fs"))).toBe(true);
    expect(ways.some((way) => way.endsWith("@seg/node"))).toBe(true);
  });
});
