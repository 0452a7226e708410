// Runs the examples of the named packages' docstrings against what `tsc -b` built, without packing and installing: for who writes them.
//
//     node tools/release-check/examples.mjs errors layers
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docstringExamples, runDocstringExamples } from "./docstrings.mjs";
import { publishable, root } from "./packages.mjs";

const project = mkdtempSync(join(tmpdir(), "examples-"));
try {
  const modules = join(project, "node_modules");
  mkdirSync(join(modules, "@seg"), { recursive: true });
  const packages = publishable();
  for (const { folder, manifest } of packages) symlinkSync(folder, join(modules, manifest.name));
  // What users install themselves, some package here has.
  const peers = join(root, "packages/layers/node_modules/@tensorflow");
  mkdirSync(join(modules, "@tensorflow"));
  for (const name of readdirSync(peers)) symlinkSync(join(peers, name), join(modules, "@tensorflow", name));
  const names = process.argv.slice(2);
  const named = packages.filter(({ manifest }) => names.includes(manifest.name.replace("@seg/", "")));
  const examples = docstringExamples(named.map(({ folder }) => folder));
  await runDocstringExamples(project, examples);
  console.log(`${examples.length} examples run.`);
} catch (error) {
  const { message, stdout = "", stderr = "" } = /** @type {Error & { stdout?: string, stderr?: string }} */ (error);
  console.error([message, stdout, stderr].filter(Boolean).join("\n"));
  process.exitCode = 1;
} finally {
  rmSync(project, { recursive: true, force: true });
}
