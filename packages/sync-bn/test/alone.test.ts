// The README's example, as someone runs it who installs this package and nothing else of this repository.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const packages = fileURLToPath(new URL("../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "sync-bn-alone-"));
const blocks = [...readFileSync(join(packages, "sync-bn/README.md"), "utf8").matchAll(/^```(\w*)\n(.*?)^```$/gms)];
const example = blocks.findIndex(([, language]) => language === "js");

/** The packages of others that are needed, and which of these packages needs each. */
const OTHERS = { "@tensorflow/tfjs": "sync-bn", "fastest-levenshtein": "errors", "serialize-error": "node" };

/** Builds and packs a package, without touching its own folder; gives its tarball as a dependency's version. */
function pack(name: string): string {
  const [from, to] = [join(packages, name), join(project, "packed", name)];
  const isBuilt = (path: string) => ["dist", "node_modules"].includes(relative(from, path));
  cpSync(from, to, { recursive: true, filter: (path) => !isBuilt(path) });
  for (const file of readdirSync(join(to, "src"), { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts")) compile(join(to, "src", file), join(to, "dist", file.replace(/\.ts$/, ".js")));
  }
  const manifest = JSON.parse(readFileSync(join(to, "package.json"), "utf8"));
  // What pnpm writes for `workspace:^` when it packs. Others' packages are linked.
  const own = Object.keys(manifest.dependencies ?? {}).filter((dependency) => dependency.startsWith("@seg/"));
  manifest.dependencies = Object.fromEntries(own.map((dependency) => [dependency, "^0.0.0"]));
  writeFileSync(join(to, "package.json"), JSON.stringify(manifest));
  const [{ filename }] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts"], to)) as [{ filename: string }];
  return `file:${join(to, filename)}`;
}

function compile(from: string, to: string): void {
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, ts.transpileModule(readFileSync(from, "utf8"), { compilerOptions }).outputText);
}

function run(command: string, args: string[], cwd = project): string {
  const env = { ...process.env, npm_config_cache: join(project, ".npm"), NODE_OPTIONS: "" };
  return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

describe("the README's example", () => {
  beforeAll(() => {
    const below = ["collectives", "layers", "node", "errors"];
    const floors = Object.fromEntries(below.map((name) => [`@seg/${name}`, pack(name)]));
    const manifest = {
      private: true,
      type: "module",
      dependencies: { "@seg/sync-bn": pack("sync-bn"), ...floors },
      overrides: Object.fromEntries(Object.keys(floors).map((name) => [name, `$${name}`])),
    };
    writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
    // Offline, so others' packages are not fetched: they are linked from where this repository has them.
    run("npm", ["install", "--offline", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"]);
    mkdirSync(join(project, "node_modules/@tensorflow"));
    for (const [name, user] of Object.entries(OTHERS)) {
      symlinkSync(join(packages, user, "node_modules", name), join(project, "node_modules", name));
    }
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it("needs nothing but this package, those below it, TF.js and two small ones", () => {
    const installed = readdirSync(join(project, "node_modules"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("package.json") && path.split(sep).length === (path.startsWith("@") ? 3 : 2))
      .map((path) => dirname(path));
    expect(installed.sort()).toEqual([
      "@seg/collectives",
      "@seg/errors",
      "@seg/layers",
      "@seg/node",
      "@seg/sync-bn",
      ...Object.keys(OTHERS).sort(),
    ]);
  });

  it("prints, trained over two worker threads, what the README says", () => {
    writeFileSync(join(project, "example.js"), blocks[example]![2]!);
    expect(run(process.execPath, ["example.js"])).toBe(blocks[example + 1]![2]);
  });
});
