import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./packages.mjs";

const PAGE = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
  types: [],
  typeRoots: [],
  exactOptionalPropertyTypes: true,
};

/**
 * How users' compilers find a package's types: by `exports`, or, before there were any, by `types` and `typesVersions`; those of pages
 * without Node's, where TypeScript takes the condition `browser` only if it is told to.
 */
const RESOLVERS = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  node10: { module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10 },
  page: PAGE,
  "page (browser)": { ...PAGE, customConditions: ["browser"] },
};

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  strict: true,
  types: ["node"],
  typeRoots: [join(root, "node_modules/@types")],
};

/**
 * Compiles a file that uses everything's types, without the sources that the workspace would resolve to.
 *
 * @param {string} project
 * @param {string[]} specifiers - What is imported.
 * @param {(keyof typeof RESOLVERS)[]} resolvers - By which it is compiled.
 */
export function checkTypes(project, specifiers, resolvers) {
  const uses = specifiers.map((specifier, i) => `import * as use${i} from "${specifier}";\nexport { use${i} };\n`);
  const file = join(project, "uses.ts");
  writeFileSync(file, uses.join(""));
  for (const name of resolvers) {
    const program = ts.createProgram([file], { ...OPTIONS, ...RESOLVERS[name], noEmit: true });
    // Others' declarations have errors of their own; these packages' must have none.
    const own = program.getSourceFiles().filter(({ fileName }) => !/node_modules\/(?!@seg\/)/.test(fileName));
    const errors = [
      ...program.getOptionsDiagnostics(),
      ...own.flatMap((source) => [
        ...program.getSyntacticDiagnostics(source),
        ...program.getSemanticDiagnostics(source),
      ]),
    ];
    refuse(errors, `The types do not compile with moduleResolution ${name}`);
  }
}

/**
 * Compiles examples where they are, `.mts` to `.mjs`.
 *
 * @param {string[]} files
 * @throws {Error} with what the compiler says.
 */
export function compile(files) {
  if (files.length === 0) return;
  const program = ts.createProgram(files, { ...RESOLVERS.nodenext, ...OPTIONS, skipLibCheck: true });
  refuse(ts.getPreEmitDiagnostics(program), "Examples do not compile");
  program.emit();
}

/**
 * @param {readonly ts.Diagnostic[]} errors
 * @param {string} what
 */
function refuse(errors, what) {
  if (errors.length === 0) return;
  const host = { getCurrentDirectory: () => root, getCanonicalFileName: String, getNewLine: () => "\n" };
  throw new Error(`${what}:\n${ts.formatDiagnostics(errors, host)}`);
}
