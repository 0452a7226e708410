import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./packages.mjs";

/** How users' compilers find a package's types: by `exports`, or, before there were any, by `types` and `typesVersions`. */
const RESOLVERS = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  node10: { module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10 },
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
    const program = ts.createProgram([file], {
      ...RESOLVERS[name],
      target: ts.ScriptTarget.ES2022,
      strict: true,
      noEmit: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    });
    // Others' declarations have errors of their own; these packages' must have none.
    const own = program.getSourceFiles().filter(({ fileName }) => !/node_modules\/(?!@seg\/)/.test(fileName));
    const errors = [
      ...program.getOptionsDiagnostics(),
      ...own.flatMap((source) => [
        ...program.getSyntacticDiagnostics(source),
        ...program.getSemanticDiagnostics(source),
      ]),
    ];
    if (errors.length > 0) {
      const host = { getCurrentDirectory: () => project, getCanonicalFileName: String, getNewLine: () => "\n" };
      throw new Error(`The types do not compile with moduleResolution ${name}:\n${ts.formatDiagnostics(errors, host)}`);
    }
  }
}
